/**
 * Which Garrison a command is about, and as whom. What is said for this one command wins: first the
 * environment, then `--context`, then `--data`; otherwise what `garrison login` has left, or the Garrison
 * of this host, whose key `up` has put into its data folder.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../failure.ts'
import { dataFolder } from '../process/paths.ts'
import { type CloudContext, type Contexts, readContexts, requireContext } from './contexts.ts'

export type Where = CloudContext & {
  /** Where it comes from, for people. */
  readonly origin: string
}

export type Asked = { readonly context?: string | undefined; readonly data?: string | undefined }

/** @throws Failure when there is none, with the ways to get one. */
export function findCloud(asked: Asked, env = process.env, contexts = readContexts()): Where {
  const { GARRISON_API_KEY: key, GARRISON_URL: url } = env
  if (key) return { ...fromEnvironment(key, url, asked, contexts), origin: 'the environment' }
  const known = url ? contextAt(url, contexts) : null
  if (known !== null) return known
  if (asked.context !== undefined) return named(asked.context, contexts)
  if (asked.data !== undefined) return requireHost(asked.data)
  if (contexts.current !== null) return named(contexts.current, contexts)
  const host = hostCredentials(dataFolder(undefined))
  if (host !== null) return host
  throw new Failure('You are not logged in to a Garrison', {
    advice: [
      'Log in:           ./garrison login https://cloud.example.org',
      'Or name both:     GARRISON_URL=… GARRISON_API_KEY=…',
      'Or start one here: ./garrison up',
    ],
  })
}

function named(name: string, contexts: Contexts): Where {
  return { ...requireContext(contexts, name), origin: `context "${name}"` }
}

function fromEnvironment(key: string, url: string | undefined, asked: Asked, contexts: Contexts) {
  if (url) return { url, api_key: key }
  const { url: elsewhere } = findCloud(asked, {}, contexts)
  return { url: elsewhere, api_key: key }
}

/** @throws Failure when only the address is given, and nobody has logged in there. */
function contextAt(url: string, contexts: Contexts): Where {
  const same = (text: string) => text.replace(/\/+$/, '')
  const found = Object.entries(contexts.contexts).find(([, each]) => same(each.url) === same(url))
  if (found !== undefined) return { ...found[1], origin: `context "${found[0]}"` }
  throw new Failure(`GARRISON_URL is ${url}, and there is no key for it`, {
    advice: ['Set GARRISON_API_KEY too', `Or log in: ./garrison login ${url}`],
  })
}

function requireHost(data: string): Where {
  const dataDir = dataFolder(data)
  const host = hostCredentials(dataDir)
  if (host !== null) return host
  throw new Failure(`There is no Garrison in ${dataDir}, or its key may not be read by you`, {
    advice: ['Start one: ./garrison up'],
  })
}

/** Of a `garrison up` on this host; null when there is none that this user may read. */
function hostCredentials(dataDir: string): Where | null {
  try {
    const text = readFileSync(join(dataDir, 'credentials.json'), 'utf8')
    const { url, api_key } = JSON.parse(text) as Partial<CloudContext>
    if (typeof url !== 'string' || typeof api_key !== 'string') return null
    return { url, api_key, origin: `this host (${dataDir})` }
  } catch {
    return null
  }
}
