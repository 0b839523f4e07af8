/**
 * When a snapshot policy takes a snapshot, and which of those that it took it keeps. Plain functions of
 * plain data; all times are UTC, as UTC has no hour twice and none that is missing.
 *
 * A *slot* is a moment at which the policy takes a snapshot. One snapshot serves every frequency that is
 * due then: the first of a month at midnight is the month's, the day's and the hour's, and is paid once.
 *
 * Each frequency keeps the **first** good snapshot of each of its newest periods. The first rather than
 * the last, because it is the one that was taken on time, and because what is chosen once stays chosen
 * until it is too old.
 */
import { type Frequency, frequencies } from '@garrison/contract/snapshot-policies/frequencies'
import type { SnapshotStatus } from '@garrison/contract/snapshots/states'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const weekMs = 7 * dayMs
/** The epoch was a Thursday; weeks begin on Mondays. */
const firstMondayMs = 4 * dayMs

/** Of each frequency, how many periods keep a snapshot; 0: none is taken for it. */
export type Counts = Readonly<Record<Frequency, number>>

/** `offsetMinutes`: after midnight, 0..1439. The hourly ones are taken at its minute of each hour. */
export type Schedule = { readonly counts: Counts; readonly offsetMinutes: number }

export type Slot = {
  readonly at: Date
  /** The rarest that it serves, which gives the snapshot its name. */
  readonly frequency: Frequency
}

/** Begin of the period of that frequency that `ms` is in. */
function periodStart(frequency: Frequency, offsetMinutes: number, ms: number): number {
  const offset = offsetMinutes * minuteMs
  switch (frequency) {
    case 'hourly':
      return floor(ms, hourMs, offset)
    case 'daily':
      return floor(ms, dayMs, offset)
    case 'weekly':
      return floor(ms, weekMs, firstMondayMs + offset)
    case 'monthly': {
      const shifted = new Date(ms - offset)
      return Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth(), 1) + offset
    }
  }
}

function nextPeriodStart(frequency: Frequency, offsetMinutes: number, ms: number): number {
  const start = periodStart(frequency, offsetMinutes, ms)
  switch (frequency) {
    case 'hourly':
      return start + hourMs
    case 'daily':
      return start + dayMs
    case 'weekly':
      return start + weekMs
    case 'monthly': {
      const shifted = new Date(start - offsetMinutes * minuteMs)
      const next = Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth() + 1, 1)
      return next + offsetMinutes * minuteMs
    }
  }
}

const floor = (ms: number, period: number, phase: number) =>
  Math.floor((ms - phase) / period) * period + phase

/** The frequencies that keep anything; a policy has at least one. Most frequent first. */
const wanted = ({ counts }: Schedule) => frequencies.filter((frequency) => counts[frequency] > 0)

/** The first slot after that moment. */
export function nextSlot(schedule: Schedule, after: Date): Slot {
  const ms = after.getTime()
  const starts = wanted(schedule).map((frequency) => ({
    frequency,
    at: nextPeriodStart(frequency, schedule.offsetMinutes, ms),
  }))
  const at = Math.min(...starts.map((each) => each.at))
  return { at: new Date(at), frequency: rarest(starts.filter((each) => each.at === at)) }
}

/**
 * What is taken at `now` when `due` was the slot to be taken next: the latest slot, which does for all
 * that were missed since.
 */
export function slotToTake(schedule: Schedule, due: Date, now: Date): Slot {
  const begun = wanted(schedule).map((frequency) => ({
    frequency,
    at: periodStart(frequency, schedule.offsetMinutes, now.getTime()),
  }))
  const at = Math.max(...begun.map((each) => each.at))
  return {
    at: new Date(at),
    frequency: rarest(begun.filter((each) => each.at === at || each.at >= due.getTime())),
  }
}

/** The latest slot that was at that moment, or before. */
export function latestSlot(schedule: Schedule, at: Date): Date {
  return slotToTake(schedule, at, at).at
}

function rarest(candidates: readonly { frequency: Frequency }[]): Frequency {
  const last = candidates.at(-1)
  if (last === undefined) throw new Error('a policy without any frequency has no slots')
  return last.frequency
}

/** How often a snapshot is tried in one slot. */
export const mostAttempts = 6

/** How long after an attempt that failed the next one begins; null: the slot is given up. */
export const retryAfterMs = (attempt: number): number | null =>
  attempt >= mostAttempts ? null : 2 ** attempt * minuteMs

/** A snapshot that the policy took of one instance. */
export type Taken = {
  readonly id: string
  readonly at: Date
  readonly status: SnapshotStatus
  readonly pinned: boolean
}

export type Verdict<S extends Taken = Taken> = {
  readonly snapshot: S
  readonly keep: boolean
  /** Words for a person; never empty. */
  readonly reasons: readonly string[]
}

/** For each snapshot of one instance whether it stays, and why; newest first. */
export function verdicts<S extends Taken>(schedule: Schedule, taken: readonly S[]): Verdict<S>[] {
  const newestFirst = [...taken].sort(
    (a, b) => b.at.getTime() - a.at.getTime() || (a.id < b.id ? 1 : -1),
  )
  const good = newestFirst.filter((each) => each.status === 'SUCCESS')
  const reasons = new Map<string, string[]>(newestFirst.map((each) => [each.id, []]))
  const because = (id: string, reason: string) => reasons.get(id)?.push(reason)

  for (const frequency of wanted(schedule)) {
    const firsts = firstOfEachPeriod(frequency, schedule.offsetMinutes, good)
    const kept = schedule.counts[frequency]
    firsts.slice(0, kept).forEach(({ id }, index) => {
      because(id, `${frequency}: ${index + 1} of ${kept}`)
    })
  }
  const [newestGood] = good
  if (newestGood !== undefined) because(newestGood.id, 'it is the newest good one')
  for (const { id, pinned } of newestFirst) if (pinned) because(id, 'it is pinned')

  return newestFirst.map((snapshot) => {
    const { status, at } = snapshot
    if (status === 'CREATING') return stays(snapshot, 'it is being taken')
    if (status === 'DELETING') return stays(snapshot, 'it is being deleted already')
    const why = reasons.get(snapshot.id) ?? []
    if (why.length > 0) return { snapshot, keep: true, reasons: why }
    if (status === 'SUCCESS') {
      return { snapshot, keep: false, reasons: [pastEvery(schedule)] }
    }
    return newestGood !== undefined && newestGood.at >= at
      ? { snapshot, keep: false, reasons: ['it failed, and a later one is good'] }
      : stays(snapshot, 'it failed, and no later one is good yet')
  })
}

const stays = <S extends Taken>(snapshot: S, reason: string): Verdict<S> => ({
  snapshot,
  keep: true,
  reasons: [reason],
})

/** The oldest of each period, newest period first. */
function firstOfEachPeriod<S extends Taken>(
  frequency: Frequency,
  offsetMinutes: number,
  newestFirst: readonly S[],
): S[] {
  const firsts = new Map<number, S>()
  for (const each of newestFirst) {
    firsts.set(periodStart(frequency, offsetMinutes, each.at.getTime()), each)
  }
  return [...firsts.values()]
}

function pastEvery(schedule: Schedule): string {
  const kept = wanted(schedule).map((each) => `the ${schedule.counts[each]} newest ${each} ones`)
  return `it is not among ${kept.join(' or ')}`
}

const longestName = 50
/** Room for a number behind it, where the name is taken. */
const spareLength = 3

/** `web-1-daily-2026-01-10T00-00Z`. A long name of the machine is cut, and told apart by its id. */
export function snapshotName(
  machine: { readonly name: string; readonly publicId: string },
  { at, frequency }: Slot,
): string {
  const when = `${at.toISOString().slice(0, 16).replace(':', '-')}Z`
  const tail = `-${frequency}-${when}`
  const room = longestName - spareLength - tail.length
  if (machine.name.length <= room) return machine.name + tail
  const digits = `.${machine.publicId.replace(/\D/g, '')}`
  return machine.name.slice(0, room - digits.length) + digits + tail
}
