import { useSyncExternalStore } from 'react'
import { ago, localTime, utcTime } from './format.ts'

// One clock for all times on the page, so that they never disagree.
let now = new Date()
const listeners = new Set<() => void>()
setInterval(() => {
  now = new Date()
  for (const tell of listeners) tell()
}, 10_000)

function subscribe(tell: () => void) {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

export const useNow = () => useSyncExternalStore(subscribe, () => now)

/** How long ago, with the exact time, here and in UTC, on hover. */
export function Time({ at, exact = false }: { at: string; exact?: boolean }) {
  const moment = new Date(at)
  const current = useNow()
  return (
    <time
      dateTime={at}
      title={`${localTime(moment)} (${utcTime(moment)})`}
      className="whitespace-nowrap"
    >
      {exact ? localTime(moment) : ago(moment, current > moment ? current : new Date())}
    </time>
  )
}
