/** Lets so many work at once; others wait their turn. */
export function createTurnstile(places: number) {
  let free = places
  const waiting: (() => void)[] = []

  return {
    async pass<T>(work: () => Promise<T>): Promise<T> {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) free += 1
        else next()
      }
    },
  }
}
