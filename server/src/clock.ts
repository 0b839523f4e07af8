/** The one source of time. Tests own theirs; nothing else in the server asks the system what time it is. */
import { setTimeout as delay } from 'node:timers/promises'

export type Clock = {
  now(): Date
  /** Rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      throw signal?.aborted ? signal.reason : error
    }
  },
}
