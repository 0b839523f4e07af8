/** What the page that is shown is called, for what stands around it. */
import { useSyncExternalStore } from 'react'

let title = ''
const listeners = new Set<() => void>()

function subscribe(tell: () => void) {
  listeners.add(tell)
  return () => listeners.delete(tell)
}

export function setTitle(next: string) {
  if (next === title) return
  title = next
  for (const tell of listeners) tell()
}

export const useTitle = () => useSyncExternalStore(subscribe, () => title)
