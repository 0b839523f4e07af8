/** A few numbers that stand for many. */

export type Summary = {
  readonly median: number
  readonly min: number
  readonly max: number
  /** How many numbers it is made of. */
  readonly n: number
}

/** @throws RangeError when there are no samples. */
export function summarize(samples: readonly number[]): Summary {
  return {
    median: percentile(samples, 50),
    min: percentile(samples, 0),
    max: percentile(samples, 100),
    n: samples.length,
  }
}

/**
 * Between two neighbours it is their mean weighted by nearness, so that the median of an even count is
 * the usual one.
 * @param percent 0 to 100.
 * @throws RangeError when there are no samples.
 */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = Float64Array.from(samples).sort()
  const rank = ((sorted.length - 1) * percent) / 100
  const [below, above] = [sorted[Math.floor(rank)], sorted[Math.ceil(rank)]]
  if (below === undefined || above === undefined) throw new RangeError('There are no samples')
  return below + (above - below) * (rank - Math.floor(rank))
}

/** The longest time between two neighbours. @param instants In order. */
export function longestGap(instants: readonly number[]): number {
  let longest = 0
  for (const [index, instant] of instants.entries()) {
    longest = Math.max(longest, instant - (instants[index - 1] ?? instant))
  }
  return longest
}
