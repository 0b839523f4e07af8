/** `garrison uninstall`: as if it had never been here. */
import { resolve } from 'node:path'
import { readClaim } from '@garrison/server/data-folder'
import { openAdmin } from '../admin.ts'
import { Failure } from '../failure.ts'
import { plural } from '../units.ts'
import type { Context, ExitCode } from './context.ts'

export type UninstallOptions = {
  readonly config?: string
  /** The data folder, by which is meant what is lost; true: it is to be asked for. */
  readonly deleteEverything?: string | true
}

type Left = Awaited<ReturnType<Awaited<ReturnType<typeof openAdmin>>['whatIsLeft']>>

export async function uninstall(
  context: Context,
  { config, deleteEverything }: UninstallOptions,
): Promise<ExitCode> {
  const { terminal, json, data } = context
  const admin = await openAdmin({ data, config })
  const { dataDir } = admin
  const claim = readClaim(dataDir)
  if (claim !== null) {
    throw new Failure(`A server runs on ${dataDir} (process ${claim.pid})`, {
      advice: ['Stop it first: ./garrison down'],
    })
  }
  const left = await admin.whatIsLeft()
  if (left.length === 0) await agree(context, dataDir)
  else if (deleteEverything === undefined) throw refusal(dataDir, left)
  else await agreeToLoss(context, dataDir, { left, said: deleteEverything })
  {
    using _ = terminal.progress('Taking it off the host')
    await admin.uninstall(left.map(({ id }) => id))
  }
  if (json) terminal.printJson({ removed: dataDir, lost: left })
  else {
    const lost = left.length === 0 ? '' : `, with ${inNumbers(left)}`
    terminal.print(`${dataDir} is removed, and so are its networks${lost}.`)
  }
  return 0
}

function refusal(dataDir: string, left: Left) {
  return new Failure(`There is still something in ${dataDir} that somebody may miss`, {
    advice: [
      ...byKind(left),
      'Have the server delete it, or lose all of it: ./garrison uninstall --delete-everything',
    ],
  })
}

async function agree({ terminal, yes }: Context, dataDir: string) {
  if (yes) return
  if (!terminal.interactive) {
    throw new Failure(`Nobody is here to ask whether ${dataDir} may be removed`, {
      advice: ['Say so yourself: ./garrison uninstall --yes'],
    })
  }
  if (await terminal.confirm(`Remove ${dataDir} with all accounts and keys?`)) return
  throw nothingRemoved()
}

/** `--yes` is in many a script, and says nothing of what is meant; the name of the folder does. */
async function agreeToLoss(
  { terminal }: Context,
  dataDir: string,
  { left, said }: { left: Left; said: string | true },
) {
  if (said !== true) {
    if (resolve(said) === dataDir) return
    throw new Failure(`It is ${dataDir} that would be removed, not ${said}`, {
      advice: ['Name it with --data, and once more behind --delete-everything'],
      exitCode: 2,
    })
  }
  if (!terminal.interactive) {
    throw new Failure(`Nobody is here to ask whether ${inNumbers(left)} may be lost`, {
      advice: [
        ...byKind(left),
        `Say which folder is meant: ./garrison uninstall --delete-everything ${dataDir}`,
      ],
      exitCode: 2,
    })
  }
  terminal.warn(`Removing ${dataDir} loses for ever, with all accounts, keys and credits:`)
  for (const line of byKind(left)) terminal.note(`  ${line}`)
  const typed = await terminal.ask('Type the name of the folder to have it removed: ')
  if (typed.trim() !== dataDir) throw nothingRemoved()
}

const nothingRemoved = () => new Failure('Nothing was removed')

const kindsOf = (left: Left) => [...Map.groupBy(left, ({ kind }) => kind)]

const inNumbers = (left: Left) =>
  kindsOf(left)
    .map(([kind, these]) => plural(these.length, kind))
    .join(', ')

const byKind = (left: Left) =>
  kindsOf(left).map(([kind, these]) => {
    const names = these.map(({ id, name }) => (name === null ? id : `${name} (${id})`))
    return `${plural(these.length, kind)}: ${names.join(', ')}`
  })
