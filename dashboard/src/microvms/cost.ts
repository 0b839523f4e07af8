/** What a microVM, or a snapshot of one, costs now and has cost. */
import type { MicrovmSnapshotStatus, MicrovmStatus } from '@garrison/contract/microvms/states'
import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api/client.ts'
import { serverTime } from '../api/clock.ts'
import { reading } from '../api/queries.ts'
import { type Currency, money, monthly, rate } from '../ui/format.ts'
import type { Vm } from './vm.ts'

type Billing = Pick<Answer<'get', '/api/microvms/billing/'>, 'records' | 'summary'>
type BillingRecord = Billing['records'][number]

const askedEveryMs = 60_000

/** Its sums, and the latest of its records, of which the first is the open one if there is one. */
export function useBillingOf(id: string) {
  return useQuery({
    ...reading('/api/microvms/billing/', { query: { resource_id: id, limit: 5 } }),
    refetchInterval: askedEveryMs,
  })
}

/** What it is charged by the second for: until its memory is on disk, or given back. */
const charged: readonly MicrovmStatus[] = ['running', 'suspending']

export function vmCostNow({ status, hourly_rate, currency }: Vm): string {
  const words = rate(hourly_rate, currency as Currency)
  if (charged.includes(status)) return `${words}, by the second`
  if (status === 'terminated' || status === 'failed') return 'Nothing, it has ended'
  if (status === 'terminating') return 'Nothing, it is ending'
  return `Nothing while it is ${status}; ${words} while it runs`
}

/**
 * Until when what is open may be counted on, in milliseconds of the server's time: whatever the clock here
 * says, and no further than to the answer that is due, since it may have ended by then.
 */
export const countedUntil = (now: Date, answeredAt: number) =>
  serverTime(Math.min(now.getTime(), answeredAt + askedEveryMs))

/**
 * To the second, as it will be charged: what came since the meter passed by, which it does once a minute, until
 * `until`, or until it ended.
 */
export function sinceMetered(record: BillingRecord, until: number) {
  const { start_time, end_time, total_duration_seconds: metered, hourly_rate } = record
  if (metered === null) return { cost: 0, seconds: 0 }
  const end = end_time === null ? until : new Date(end_time).getTime()
  const runs = Math.floor((end - new Date(start_time).getTime()) / 1000)
  const seconds = Math.max(0, runs - metered)
  return { cost: (seconds * hourly_rate) / 3600, seconds }
}

export function costSoFar({ records, summary }: Billing, until: number) {
  const more = records.map((record) => sinceMetered(record, until))
  return more.reduce(
    (sum, { cost, seconds }) => ({ cost: sum.cost + cost, seconds: sum.seconds + seconds }),
    { cost: summary.totalCost, seconds: summary.totalSeconds },
  )
}

const unkept: Readonly<Record<Exclude<MicrovmSnapshotStatus, 'ready'>, string>> = {
  pending: 'Nothing before it is ready',
  building: 'Nothing before it is ready',
  failed: 'Nothing, it failed',
  deleting: 'Nothing, it is being deleted',
}

/** Of a snapshot. */
export function snapshotCostNow(
  { type, status }: { type: string; status: MicrovmSnapshotStatus },
  latest: BillingRecord | undefined,
): string {
  if (type === 'system') return 'Nothing, it is public'
  if (status !== 'ready') return unkept[status]
  if (latest?.end_time !== null) return 'Nothing'
  const { hourly_rate: hourly, currency } = latest
  return `${money(hourly, currency)}/h · ${monthly(hourly, currency)} a month, until it is deleted`
}
