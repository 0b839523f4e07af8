/** The account and key of whoever ran `up`, so that the first request can be made at once. */
import { join } from 'node:path'
import type { Currency } from '@garrison/contract/common'
import { z } from 'zod'
import type { Config } from './config.ts'
import { readJson, replaceFile } from './data-folder.ts'
import { type Database, type Tx, transaction } from './database/database.ts'
import { fromDecimal } from './money.ts'
import type { Services } from './services.ts'

const credentialsSchema = z.object({
  url: z.string(),
  api_key: z.string(),
  sign_in_url: z.string().nullable(),
})
export type Credentials = z.infer<typeof credentialsSchema>

const firstAccountName = 'Owner'
const keyName = 'up'
const demoGrant = 500

const credentialsFile = (dataDir: string) => join(dataDir, 'credentials.json')

/** Null when there are none, or they cannot be read. */
export const readCredentials = (dataDir: string): Credentials | null =>
  readJson(credentialsFile(dataDir), credentialsSchema)

type Deps = { db: Database; config: Config; services: Services; url: string }

/** Writes `credentials.json`, with the key that is in it as long as that still opens the door. */
export async function ensureCredentials(deps: Deps) {
  const { db, config, services, url } = deps
  const before = readCredentials(config.dataDir)
  const holder = before === null ? null : await services.accounts.authenticate(db, before.api_key)
  const api_key = await transaction(db, async (tx) => {
    if (before !== null && holder !== null) {
      await grantForDemo(tx, deps, { id: holder.accountId, currency: holder.currency })
      return before.api_key
    }
    const account = await firstAccount(tx, deps)
    await grantForDemo(tx, deps, account)
    return newKey(tx, deps, account.id)
  })
  const credentials: Credentials = { url, api_key, sign_in_url: await signInLink(deps) }
  replaceFile(credentialsFile(config.dataDir), `${JSON.stringify(credentials, null, 2)}\n`, 0o600)
}

/** For whoever reads it here, within the hour: what the key opens, the link opens in a browser. */
async function signInLink(deps: Deps) {
  const { db, config, url, services } = deps
  const person = await transaction(db, async (tx) => {
    const account = await firstAccount(tx, deps)
    return services.signIn.headOf(tx, account.id, 'operator')
  })
  return services.signIn.linkFor(person, config.server.public_url ?? url)
}

async function firstAccount(tx: Tx, { config, services: { accounts } }: Deps) {
  const [first] = await accounts.list(tx)
  const { currency } = config.billing
  return first ?? accounts.create(tx, { name: firstAccountName, currency })
}

/** Given once, however often it is asked for: `up` may come before `up --demo`. */
async function grantForDemo(
  tx: Tx,
  { config, services }: Deps,
  account: { id: string; currency: Currency },
) {
  if (!config.demo) return
  await services.billing.grant(tx, {
    accountId: account.id,
    currency: account.currency,
    micros: fromDecimal(demoGrant),
    description: 'Credits of the demonstration',
    reference: `demo-grant-${account.id}`,
  })
}

/** In place of the former one, whose text is lost: nobody can use it, and it counts to the limit. */
async function newKey(tx: Tx, { services: { accounts } }: Deps, accountId: string) {
  const live = await accounts.listKeys(tx, accountId)
  const former = live.find((key) => key.name.toLowerCase() === keyName)
  if (former !== undefined) await accounts.revokeKey(tx, accountId, former.name)
  return (await accounts.createKey(tx, accountId, { name: keyName, role: 'operator' })).text
}
