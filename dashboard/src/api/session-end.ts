/** Whether the session has ended under the page: whoever works on it signs in again where they are. */
import { useSyncExternalStore } from 'react'
import { ApiError } from './errors.ts'

let ended = false
const watchers = new Set<() => void>()

function become(next: boolean) {
  if (next === ended) return
  ended = next
  for (const tell of watchers) tell()
}

/** `wasSignedIn`: somebody was, so that this is an end and not a beginning. */
export function heardError(error: unknown, wasSignedIn: boolean) {
  const refused = error instanceof ApiError && error.code === 'AUTHENTICATION_REQUIRED'
  if (refused && wasSignedIn) become(true)
}
export const signedInAgain = () => become(false)

export const useSessionEnded = () =>
  useSyncExternalStore(
    (tell) => {
      watchers.add(tell)
      return () => watchers.delete(tell)
    },
    () => ended,
  )
