/**
 * The Garrisons that this user is logged in to, by name: `~/.config/garrison/config.json`, for nobody else
 * to read, for it holds API keys.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from '../failure.ts'

export type CloudContext = { readonly url: string; readonly api_key: string }
export type Contexts = {
  /** The one that commands are about; null: none. */
  readonly current: string | null
  readonly contexts: Readonly<Record<string, CloudContext>>
}

type Environment = Readonly<Record<string, string | undefined>>

const contextsFile = (env: Environment = process.env) =>
  join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'garrison/config.json')

/** @throws Failure when the file is there and makes no sense. */
export function readContexts(file = contextsFile()): Contexts {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return { current: null, contexts: {} }
  }
  try {
    const { current, contexts } = JSON.parse(text) as Partial<Contexts>
    return { current: current ?? null, contexts: Object.fromEntries(soundOnes(contexts)) }
  } catch {
    throw new Failure(`${file} is not what "garrison login" writes`, {
      advice: ['Remove it, then log in again: ./garrison login URL'],
    })
  }
}

const soundOnes = (contexts: Partial<Contexts['contexts']> = {}) =>
  Object.entries(contexts).flatMap(([name, context]) =>
    typeof context?.url === 'string' && typeof context.api_key === 'string'
      ? [[name, context] as const]
      : [],
  )

/** Whole or not at all. Answers where. */
export function writeContexts(contexts: Contexts, file = contextsFile()): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, file)
  return file
}

/** @throws Failure that names those there are. */
export function requireContext({ contexts }: Contexts, name: string): CloudContext {
  const context = contexts[name]
  if (context !== undefined) return context
  const names = Object.keys(contexts)
  throw new Failure(`There is no context "${name}"`, {
    advice:
      names.length === 0
        ? ['Log in first: ./garrison login URL']
        : [`Contexts: ${names.join(', ')}`],
    exitCode: 2,
  })
}
