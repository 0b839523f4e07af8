import type { Clock } from './watcher.ts'

type Sleeper = { readonly at: number; readonly wake: () => void }

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now = Date.UTC(2026, 0, 1)
  readonly #sleepers = new Set<Sleeper>()

  now(): Date {
    return new Date(this.#now)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const slept = Promise.withResolvers<void>()
    const sleeper = { at: this.#now + ms, wake: slept.resolve }
    this.#sleepers.add(sleeper)
    const abort = () => {
      this.#sleepers.delete(sleeper)
      slept.reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
    return slept.promise.finally(() => signal?.removeEventListener('abort', abort))
  }

  /** Passes `ms` milliseconds and wakes who is due in its order; answers when all has settled. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (let next = this.#next(end); next !== null; next = this.#next(end)) {
      this.#now = next.at
      this.#sleepers.delete(next)
      next.wake()
      await settled()
    }
    this.#now = end
  }

  #next(end: number): Sleeper | null {
    const due = [...this.#sleepers].filter((sleeper) => sleeper.at <= end)
    return due.sort((a, b) => a.at - b.at)[0] ?? null
  }
}

/** Promises that wait for nothing but each other have run when the event loop comes around. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
