/** Whether the server can do its work, and if not, what it is waiting for. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Readiness } from '@garrison/contract/health/routes'
import { type Claim, readClaim } from '@garrison/server/data-folder'
import { Failure } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { getJson } from './get-json.ts'
import { LogFollower } from './log-lines.ts'
import type { ServerProcess } from './server-process.ts'

const pollMs = 150
const stuckMs = 600_000
const otherLimitMs = 5_000

/** Null while nobody answers. */
export async function readReadiness(url: string): Promise<Readiness | null> {
  try {
    return (await getJson(`${url}/readyz`)).body as Readiness
  } catch {
    return null
  }
}

/**
 * Whose server is on the data folder, once that is plain: one that is just starting gets the time to tell
 * its address, and one that was just killed the time to be gone. Null when there is none.
 * @throws Failure when it is there and does not answer.
 */
export async function otherServer(dataDir: string): Promise<Claim | null> {
  const deadline = performance.now() + otherLimitMs
  for (;;) {
    const claim = readClaim(dataDir)
    if (claim === null) return null
    if (claim.url !== null && (await readReadiness(claim.url)) !== null) return claim
    if (performance.now() > deadline) {
      if (claim.url === null) return claim
      throw new Failure(`A server is on ${dataDir} (process ${claim.pid}) and does not answer`, {
        advice: ['See what it is at: ./garrison status', 'Or stop it:        ./garrison down'],
      })
    }
    await pause(pollMs)
  }
}

/** What is not well yet, in the order in which it comes to be. */
function whatIsMissing({ checks }: Readiness): string | null {
  const waiting = [checks.database, checks.engines, checks.guest_image].find(({ ok }) => !ok)
  return waiting?.detail ?? null
}

/** Follows the log of a server that was just started: complaints are shown, the latest news is kept. */
export function hear(server: ServerProcess, terminal: Terminal) {
  let latest = 'Starting the server'
  let complaint = ''
  const log = new LogFollower(server.log, server.logOffset, ({ level, text }) => {
    if (level === 'info') latest = text
    // Several regions may have the same to say.
    if (level === 'info' || text === complaint) return
    complaint = text
    if (level === 'warn') terminal.warn(text)
    else terminal.problem(text)
  })
  return {
    latest: () => latest,
    readOn: () => log.readOn(),
    [Symbol.dispose]: () => log[Symbol.dispose](),
  }
}
export type News = ReturnType<typeof hear>

/**
 * Waits until the server is ready, showing what it is at. Answers its address.
 * @throws Failure when the server ends, or when nothing has moved for ten minutes.
 */
export async function untilReady(
  server: ServerProcess,
  { dataDir, news, terminal }: { dataDir: string; news: News; terminal: Terminal },
): Promise<string> {
  let shown = news.latest()
  let shownSince = performance.now()
  using progress = terminal.progress(shown)
  const advice = [`Its log: ${server.log}`]
  for (;;) {
    news.readOn()
    if (server.hasExited()) throw new Failure('The server could not start', { advice })
    const url = readUrl(server, dataDir)
    const readiness = url === null ? null : await readReadiness(url)
    if (url !== null && readiness?.ready) return url
    const text = (readiness && whatIsMissing(readiness)) ?? news.latest()
    if (text !== shown) {
      shown = text
      shownSince = performance.now()
      progress.update(text)
    } else if (performance.now() - shownSince > stuckMs) {
      throw new Failure(`The server does not get ready: ${shown}`, { advice })
    }
    await Promise.race([pause(pollMs), server.exited])
  }
}

function readUrl(server: ServerProcess, dataDir: string) {
  const claim = readClaim(dataDir)
  return claim?.pid === server.pid ? claim.url : null
}
