/** One piece of work at a time per key, in the order of asking. */
export class Locks {
  readonly #tails = new Map<string, Promise<void>>()

  /** Rejects with the signal's reason when it aborts before the work's turn has come. */
  async run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const mine = Promise.withResolvers<void>()
    const tail = before.then(() => mine.promise)
    this.#tails.set(key, tail)
    try {
      await (signal === undefined ? before : unlessAborted(before, signal))
      return await work()
    } finally {
      mine.resolve()
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
