/**
 * What happens in the cloud, as it happens: the server's stream of events makes stale what is on the
 * screen and has changed. While the stream is broken, pages ask every few seconds instead; it is mended by
 * itself, and goes on where it had stopped.
 *
 * One tab follows for all of this browser: it opens at most six connections to a server, and as many tabs
 * with a stream each would leave none for anything else.
 */
import { aliveEvent, aliveSeconds } from '@garrison/contract/events/facts'
import { useSyncExternalStore } from 'react'
import { concernedBy } from './concerns.ts'
import { queryClient, stale } from './queries.ts'

export type Line = 'live' | 'connecting' | 'broken'

let line: Line = 'connecting'
const watchers = new Set<() => void>()
function become(next: Line) {
  if (next === line) return
  const wasBroken = line === 'broken'
  line = next
  // What was missed meanwhile is unknown. Broken: a query works out when it asks again only when it has asked.
  if (next === 'broken' || (next === 'live' && wasBroken)) void queryClient.invalidateQueries()
  for (const tell of watchers) tell()
}

export const useLine = () =>
  useSyncExternalStore(
    (tell) => {
      watchers.add(tell)
      return () => watchers.delete(tell)
    },
    () => line,
  )

/** For `refetchInterval`: nothing while events come in by themselves. */
export const pollWhenBroken = () => (line === 'live' ? false : 5_000)

const bunchMs = 120
const waiting = new Set<string>()
let everything = false
let soon = 0

/** Events come in bunches; what they concern is asked for once. */
function heard(kind: string) {
  const prefixes = concernedBy(kind)
  if (prefixes === null) everything = true
  else for (const prefix of prefixes) waiting.add(prefix)
  // Not put off by the next one: a busy cloud would never be shown.
  if (soon === 0) soon = window.setTimeout(ask, bunchMs)
}

function ask() {
  const prefixes = [...waiting]
  const all = everything
  soon = 0
  waiting.clear()
  everything = false
  void (all ? queryClient.invalidateQueries() : stale(...prefixes))
}

/** Between tabs. `last`: the id of the event heard last. */
type Said = { line: Line; last: string } | { kind: string; last: string } | 'what is the line?'

/**
 * `kinds`: of events, each of which a browser wants named. `from`: an id from before anything was read, so
 * that nothing falls between what was read and the stream. Answers how to end it.
 */
export function listen(kinds: readonly string[], from: number): () => void {
  const ending = new AbortController()
  const { signal } = ending
  const tabs = new BroadcastChannel('garrison-events')
  let leads = false
  let last = String(from)
  // Without TLS, and not on this machine, nobody is to be agreed with: each tab is for itself.
  const isAlone = navigator.locks === undefined
  const say = (said: Said) => {
    if (!isAlone && !signal.aborted) tabs.postMessage(said)
  }
  tabs.onmessage = ({ data }: MessageEvent<Said>) => {
    if (data === 'what is the line?') {
      if (leads) say({ line, last })
    } else if ('line' in data) {
      // It had begun to listen too late for what came between.
      if (Number(data.last) > Number(last)) void queryClient.invalidateQueries()
      last = data.last
      become(data.line)
    } else {
      last = data.last
      heard(data.kind)
    }
  }
  const lead = () => {
    leads = true
    return follow(kinds, last, signal, {
      onLine: (next) => {
        become(next)
        say({ line: next, last })
      },
      onEvent: (kind, id) => {
        last = id
        heard(kind)
        say({ kind, last })
      },
    })
  }
  if (isAlone) {
    tabs.close()
    void lead()
  } else {
    say('what is the line?')
    navigator.locks.request('garrison-events', { signal }, lead).catch(() => {
      // The tab ended while it waited for its turn.
    })
  }
  return () => {
    ending.abort()
    tabs.close()
    become('connecting')
  }
}

const againMs = 3_000
/** A network that is gone without a word breaks no connection. */
const silenceMs = 2 * aliveSeconds * 1_000

type Told = { onLine: (line: Line) => void; onEvent: (kind: string, id: string) => void }

/** Follows until the signal; ends with it. */
function follow(
  kinds: readonly string[],
  after: string,
  signal: AbortSignal,
  { onLine, onEvent }: Told,
) {
  let source: EventSource | null = null
  let last = after
  let again = 0
  let silence = 0
  let heard = false
  const lose = () => {
    heard = false
    onLine('broken')
  }
  const hear = () => {
    watch()
    if (!heard) onLine('live')
    heard = true
  }
  const take = ({ type, lastEventId }: MessageEvent) => {
    hear()
    last = lastEventId || last
    if (type !== aliveEvent) onEvent(type, last)
  }
  const watch = () => {
    clearTimeout(silence)
    silence = window.setTimeout(() => {
      lose()
      open()
    }, silenceMs)
  }
  const open = () => {
    clearTimeout(again)
    source?.close()
    watch()
    source = new EventSource(`/api/events/stream/?after=${last}`)
    source.addEventListener('open', hear)
    source.addEventListener('error', () => {
      lose()
      // After an answer that is no stream, such as that of a proxy before a server that restarts, a
      // browser gives up; after a connection that broke it comes again by itself.
      if (source?.readyState === EventSource.CLOSED) again = window.setTimeout(open, againMs)
    })
    // `gone`: so much was missed that the server does not have it any more.
    for (const kind of [...kinds, 'gone', aliveEvent]) source.addEventListener(kind, take)
  }
  addEventListener('online', open)
  addEventListener('offline', lose)
  open()
  return new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(again)
      clearTimeout(silence)
      source?.close()
      removeEventListener('online', open)
      removeEventListener('offline', lose)
      resolve()
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end)
  })
}
