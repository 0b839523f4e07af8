/**
 * What the operator does at the machine itself, without a key: it goes to the database, whether or not a
 * server runs. All of the command's dealings with `@garrison/server/admin` are here.
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as server from '@garrison/server/admin'
import { isBeingRemoved } from '@garrison/server/data-folder'
import { ValidationError } from '@garrison/server/errors'
import { Failure } from './failure.ts'
import { dataFolder } from './process/paths.ts'

type CreateAccount = Parameters<typeof server.createAccount>[1]
type CreateKey = Parameters<typeof server.createKey>[1]
type RefundOrder = Parameters<typeof server.refundOrder>[1]
type GrantCredits = Parameters<typeof server.grantCredits>[1]
type KeyOf = { account?: string | undefined }

/** @throws Failure when there is no Garrison in the data folder: looking must not make one, nor remove a stranger's. */
export async function openAdmin(where: { data?: string | undefined; config?: string | undefined }) {
  const dataDir = dataFolder(where.data)
  // Every successful "up" writes it, whichever database it uses; a removal that was interrupted may have taken it.
  if (!existsSync(join(dataDir, 'credentials.json')) && !isBeingRemoved(dataDir)) {
    throw new Failure(`There is no Garrison in ${dataDir} yet`, {
      advice: ['Start one: ./garrison up', 'Or name its folder: --data DIR'],
    })
  }
  const options = {
    dataDir,
    configFile: where.config === undefined ? undefined : resolve(where.config),
  }
  return {
    dataDir,
    createAccount: (args: CreateAccount) => inWords(server.createAccount(options, args)),
    listAccounts: () => inWords(server.listAccounts(options)),
    makeSignInLink: (args: { whom?: string | undefined }) =>
      inWords(server.makeSignInLink(options, args)),
    createKey: (args: CreateKey) => inWords(server.createKey(options, args)),
    listKeys: (args: KeyOf) => inWords(server.listKeys(options, args)),
    revokeKey: (args: KeyOf & { name: string }) => inWords(server.revokeKey(options, args)),
    refundOrder: (args: RefundOrder) => inWords(server.refundOrder(options, args)),
    grantCredits: (args: GrantCredits) => inWords(server.grantCredits(options, args)),
    stopMachines: (report: Parameters<typeof server.stopMachines>[1]) =>
      inWords(server.stopMachines(options, report)),
    whatIsLeft: () => inWords(server.whatIsLeft(options)),
    uninstall: (lose: readonly string[]) => inWords(server.uninstall(options, { lose })),
  }
}

/** Also where "up" never got so far as to make keys. Answers whether it ran. */
export const stopDatabase = (dataDir: string) => server.stopDatabase({ dataDir })

/** What runs on the host although its server may not; null where this user may not look. */
export const leftRunning = (dataDir: string) => server.leftRunning({ dataDir }).catch(() => null)

/** Bad input names its fields; on a command line these are arguments. */
async function inWords<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const wrong = Object.entries(error.fields).map(
      ([field, words]) => `${field.replaceAll('_', ' ')}: ${words.join(' ')}`,
    )
    throw new Failure('Some values are not right', { advice: wrong, exitCode: 2 })
  }
}
