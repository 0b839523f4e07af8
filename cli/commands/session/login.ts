/** `garrison login` and `logout`: which Garrisons this user may talk to, and as whom. */
import { text as readAll } from 'node:stream/consumers'
import { Garrison } from '@garrison/sdk'
import { readContexts, requireContext, writeContexts } from '../../cloud/contexts.ts'
import { inWords } from '../../cloud/words.ts'
import { Failure } from '../../failure.ts'
import type { Context, ExitCode } from '../context.ts'
import { hasBrowser, keyFromBrowser } from './browser-login.ts'

export type LoginOptions = {
  readonly key?: string
  readonly name?: string
  /** False: ask for a key, even where there is a browser. */
  readonly browser?: boolean
}

/** The key is shown to the server before it is written down. */
export async function login(
  { terminal, json }: Context,
  address: string,
  { key, name, browser = true }: LoginOptions,
): Promise<ExitCode> {
  const url = soundUrl(address)
  const ask = () =>
    browser && terminal.interactive && hasBrowser()
      ? keyFromBrowser(url, { terminal })
      : terminal.askSecret(`API key for ${url}: `)
  const api_key = await keyOf(key, ask)
  const garrison = new Garrison({ url, key: api_key, retries: 1, timeoutMs: 15_000 })
  try {
    using _ = terminal.progress(`Asking ${url}`)
    await garrison.account.get()
  } catch (error) {
    throw inWords(error, { url, api_key, origin: 'this command line' })
  }
  const before = readContexts()
  const context = name ?? freeName(url, before.contexts)
  const contexts = { ...before.contexts, [context]: { url, api_key } }
  const file = writeContexts({ current: context, contexts })
  if (json) terminal.printJson({ context, url, file })
  else {
    terminal.print(`You are logged in to ${url} as context "${context}".`)
    terminal.note(`The key is in ${file}, for nobody else to read.`)
  }
  return 0
}

export async function logout(
  { terminal, json }: Context,
  name: string | undefined,
): Promise<ExitCode> {
  const { current, contexts } = readContexts()
  const context = name ?? current
  if (context === null) throw new Failure('You are not logged in anywhere')
  requireContext({ current, contexts }, context)
  const { [context]: gone, ...rest } = contexts
  writeContexts({ current: current === context ? null : current, contexts: rest })
  if (json) terminal.printJson({ context, url: gone?.url })
  else {
    terminal.print(`Context "${context}" is forgotten.`)
    terminal.note('Its key still works: revoke it where you do not need it any more.')
  }
  return 0
}

function soundUrl(text: string): string {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `https://${text}`)
  if (url === null) {
    throw new Failure(`${text} is not an address`, {
      advice: ['Give one such as https://cloud.example.org or http://127.0.0.1:8600'],
      exitCode: 2,
    })
  }
  return (url.origin + url.pathname).replace(/\/+$/, '')
}

/** `-`: from standard input, so that it is neither in the history of a shell nor in a list of processes. */
async function keyOf(given: string | undefined, ask: () => Promise<string | null>) {
  const text = given === '-' ? await readAll(process.stdin) : (given ?? (await ask()))
  const key = text?.trim() ?? ''
  if (/^[\x21-\x7e]+$/.test(key)) return key
  throw new Failure(key === '' ? 'There is no API key' : 'That does not look like an API key', {
    advice: [
      'Make one: ./garrison key create NAME, on the host',
      'Then give it on standard input: ./garrison login URL --key - < FILE',
    ],
    exitCode: 2,
  })
}

/** By the host; the same cloud keeps its name. */
function freeName(url: string, contexts: Readonly<Record<string, { readonly url: string }>>) {
  const same = Object.entries(contexts).find(([, each]) => each.url === url)
  if (same !== undefined) return same[0]
  const { hostname, port } = new URL(url)
  const wanted = hostname in contexts ? `${hostname}-${port || 'https'}` : hostname
  return wanted
}
