/** What a microVM, or a snapshot of one, costs now and has cost. */
import type { MicrovmStatus } from '@garrison/contract/microvms/states'
import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { type Currency, money, monthly, rate } from '../ui/format.ts'
import type { Vm } from './vm.ts'

type Billing = Pick<Answer<'get', '/api/microvms/billing/'>, 'records' | 'summary'>

/** Its sums, and the latest of its records, which is the open one if there is one. */
export function useBillingOf(id: string) {
  return useQuery({
    ...reading('/api/microvms/billing/', { query: { resource_id: id, limit: 1 } }),
    refetchInterval: 60_000,
  }).data
}

/** What it is charged by the second for: until its memory is on disk, or given back. */
const charged: readonly MicrovmStatus[] = ['running', 'suspending']

export function vmCostNow({ status, hourly_rate, currency }: Vm): string {
  const words = rate(hourly_rate, currency as Currency)
  if (charged.includes(status)) return `${words}, by the second`
  if (status === 'terminated' || status === 'failed') return 'Nothing, it has ended'
  return `Nothing while it is ${status}; ${words} while it runs`
}

/** To the second, as it will be charged: the meter itself passes by once a minute. */
export function costSoFar({ records: [latest], summary }: Billing, now: Date) {
  const { totalCost: cost, totalSeconds: seconds } = summary
  if (latest?.end_time !== null || latest.total_duration_seconds === null) return { cost, seconds }
  const runs = Math.floor((now.getTime() - new Date(latest.start_time).getTime()) / 1000)
  const more = Math.max(0, runs - latest.total_duration_seconds)
  return { cost: cost + (more * latest.hourly_rate) / 3600, seconds: seconds + more }
}

/** Of a snapshot. */
export function snapshotCostNow(
  { type, status }: { type: string; status: string },
  latest: Billing['records'][number] | undefined,
): string {
  if (type === 'system') return 'Nothing, it is public'
  if (latest?.end_time === null) {
    const [hourly, currency] = [latest.hourly_rate, latest.currency]
    return `${money(hourly, currency)}/h · ${monthly(hourly, currency)} a month, until it is deleted`
  }
  return status === 'ready' || status === 'deleting' ? 'Nothing' : 'Nothing before it is ready'
}
