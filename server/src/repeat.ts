import type { Log } from './log.ts'

export type Repetition = {
  /** Soon, rather than when the time has passed; also when it is at work right now. */
  poke(): void
  /** Returns when the work that is under way has ended. */
  close(): Promise<void>
}

/** Does the work at once, and again and again; one at a time. When it fails, the log says so. */
export function repeat(
  what: string,
  work: () => Promise<void>,
  { everyMs, log }: { everyMs: number; log: Log },
): Repetition {
  let closed = false
  let again = false
  let running: Promise<void> | null = null

  function poke() {
    if (closed) return
    if (running !== null) {
      again = true
      return
    }
    running = work()
      .catch((error: unknown) => log('warn', `cannot look after ${what}`, { error }))
      .finally(() => {
        running = null
        if (!again) return
        again = false
        poke()
      })
  }

  const timer = setInterval(poke, everyMs)
  poke()

  return {
    poke,
    async close() {
      closed = true
      clearInterval(timer)
      await running
    },
  }
}
