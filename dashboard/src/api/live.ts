/**
 * What happens in the cloud, as it happens: the server's stream of events makes stale what is on the
 * screen and has changed. While the stream is broken, pages ask every few seconds instead; the browser
 * mends it by itself, and says where it had stopped.
 */
import { useSyncExternalStore } from 'react'
import { queryClient, stale } from './queries.ts'

export type Line = 'live' | 'connecting' | 'broken'

/** What a subject of an event is shown by; what is missing here is its own path. */
const readBy: Readonly<Record<string, readonly string[]>> = {
  instance: [
    '/api/instances/',
    '/api/firewalls/',
    '/api/volumes/',
    '/api/snapshots/',
    '/api/gpu-stocks/',
    '/api/flavors/',
    '/api/operations/',
    '/api/operator/',
  ],
  snapshot: ['/api/snapshots/', '/api/custom-images/', '/api/instances/', '/api/operations/'],
  image: ['/api/custom-images/', '/api/snapshots/', '/api/operations/'],
  volume: ['/api/volumes/', '/api/instances/', '/api/operations/'],
  firewall: ['/api/firewalls/', '/api/instances/'],
  operation: ['/api/operations/', '/api/operator/'],
  'ssh-key': ['/api/ssh-keys/'],
  script: ['/api/scripts/'],
  'snapshot-policy': ['/api/snapshot-policies/', '/api/snapshots/'],
  'deploy-request': ['/api/deploy-requests/', '/api/instances/'],
  'snapshot-export': ['/api/snapshots/'],
  'snapshot-import': ['/api/snapshots/'],
  credits: ['/api/balance/', '/api/credits/'],
  budget: ['/api/account/budget/', '/api/balance/'],
  account: ['/api/account/', '/api/balance/'],
  person: ['/api/account/'],
  'api-key': ['/api/account/'],
  webhook: ['/api/webhooks/'],
}

let line: Line = 'connecting'
const watchers = new Set<() => void>()
function become(next: Line) {
  if (next === line) return
  // What was missed meanwhile is unknown.
  if (next === 'live' && line === 'broken') void queryClient.invalidateQueries()
  line = next
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

const waiting = new Set<string>()
let soon = 0

/** Events come in bunches; what they concern is asked for once. */
function heard(subjectKind: string) {
  for (const prefix of readBy[subjectKind] ?? [`/api/${subjectKind}s/`]) waiting.add(prefix)
  clearTimeout(soon)
  soon = window.setTimeout(() => {
    const prefixes = [...waiting]
    waiting.clear()
    void stale(...prefixes)
  }, 120)
}

/** `kinds`: of events, each of which a browser wants named. Answers how to end it. */
export function listen(kinds: readonly string[]): () => void {
  const source = new EventSource('/api/events/')
  const take = ({ data }: MessageEvent<string>) => {
    try {
      const event = JSON.parse(data) as { subject?: { kind?: unknown } }
      if (typeof event.subject?.kind === 'string') heard(event.subject.kind)
    } catch {
      // A line that is not ours to understand changes nothing on the screen.
    }
  }
  source.addEventListener('open', () => become('live'))
  source.addEventListener('error', () => become('broken'))
  source.addEventListener('message', take)
  for (const kind of kinds) source.addEventListener(kind, take)
  return () => {
    source.close()
    become('connecting')
  }
}
