/** What a policy keeps, in words and as the form holds it. */
import {
  type Frequency,
  frequencies,
  mostKept,
} from '@garrison/contract/snapshot-policies/frequencies'

export type Counts = Readonly<Record<Frequency, number>>

/** `24 hourly, 7 daily`. */
export const keepingWords = (counts: Counts) =>
  frequencies
    .filter((each) => counts[each] > 0)
    .map((each) => `${counts[each]} ${each}`)
    .join(', ')

const units = { hourly: 'hour', daily: 'day', weekly: 'week', monthly: 'month' } as const

/** How far back it reaches: by the rarest of which any is kept. */
export function reachWords(counts: Counts): string | null {
  const rarest = frequencies.findLast((each) => counts[each] > 0)
  if (rarest === undefined) return null
  const count = counts[rarest]
  return count === 1 ? `the last ${units[rarest]}` : `the last ${count} ${units[rarest]}s`
}

/** Most that it keeps of one instance; fewer where one snapshot counts for several frequencies. */
export const mostOfOne = (counts: Counts) =>
  frequencies.reduce((sum, each) => sum + counts[each], 0)

/** Why the counts cannot be taken; null when they can. */
export function whyNotCounts(counts: Counts): string | null {
  const wrong = frequencies.find(
    (each) => !Number.isInteger(counts[each]) || counts[each] < 0 || counts[each] > mostKept[each],
  )
  if (wrong !== undefined) return `Keep 0 to ${mostKept[wrong]} ${wrong} snapshots`
  return mostOfOne(counts) === 0 ? 'Keep at least one snapshot of some frequency' : null
}

/** Minutes after midnight as `03:30`, and back. */
export const clockOf = (minutes: number) =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0')).join(':')
export function minutesOf(clock: string): number | null {
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)/.exec(clock) ?? []
  return hours === undefined ? null : Number(hours) * 60 + Number(minutes)
}

/** When it takes them. The minute is all that hourly ones know of the time. */
export function whenWords(counts: Counts, offsetMinutes: number): string {
  const at = `at ${clockOf(offsetMinutes)} UTC`
  if (counts.hourly === 0) return at
  const minute = `at minute ${offsetMinutes % 60} of each hour`
  return mostOfOne(counts) === counts.hourly ? minute : `${minute}, the others ${at}`
}
