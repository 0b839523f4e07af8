/** The region that lists are narrowed to, for the whole application; remembered in this browser. */
import { useSyncExternalStore } from 'react'

const stored = 'garrison-region'
const watchers = new Set<() => void>()

export function setRegion(region: string) {
  if (region === '') localStorage.removeItem(stored)
  else localStorage.setItem(stored, region)
  for (const tell of watchers) tell()
}

/** Empty: all of them. */
export const useRegion = () =>
  useSyncExternalStore(
    (tell) => {
      watchers.add(tell)
      return () => watchers.delete(tell)
    },
    () => localStorage.getItem(stored) ?? '',
  )
