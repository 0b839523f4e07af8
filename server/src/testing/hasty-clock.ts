import type { Clock } from '../clock.ts'

/** The time of day, and no waiting: retries follow at once and every grace time is over. */
export const hastyClock: Clock = {
  now: () => new Date(),
  async sleep(_ms, signal) {
    signal?.throwIfAborted()
  },
}
