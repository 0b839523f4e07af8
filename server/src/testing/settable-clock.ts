import type { Clock } from '../clock.ts'

export type SettableClock = Clock & { set(time: string): void; pass(ms: number): void }

/** Shows the time that a test sets, and waits for nothing. `start`: ISO 8601. */
export function settableClock(start: string): SettableClock {
  let now = new Date(start).getTime()
  return {
    now: () => new Date(now),
    async sleep(_ms, signal) {
      signal?.throwIfAborted()
    },
    set(time) {
      now = new Date(time).getTime()
    },
    pass(ms) {
      now += ms
    },
  }
}
