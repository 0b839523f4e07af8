/** When a delivery that failed is tried again. */
const secondMs = 1_000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs

/** After the first attempt, the second, …; altogether about a day. */
const delays = [
  5 * secondMs,
  minuteMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  8 * hourMs,
  8 * hourMs,
]

/** Up to so much of a delay is added or taken away, so that those who failed together do not come together. */
const jitter = 0.2

/**
 * Null: it has failed for good. `asked`: the receiver's own wish, which may only make it later.
 * `random` is in [0, 1).
 */
export function delayAfter(attempts: number, asked: number | null, random: number): number | null {
  const delay = delays[attempts - 1]
  if (delay === undefined) return null
  return Math.max(Math.round(delay * (1 + jitter * (2 * random - 1))), asked ?? 0)
}
