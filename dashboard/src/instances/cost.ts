/** What an instance costs per hour as it is now. */
import type { Answer } from '../api/client.ts'

type Row = Answer<'get', '/api/instances/'>['instances'][number]

/** While it changes, what it will cost again: the few seconds without a charge are no news. */
export function hourlyNow(row: Pick<Row, 'status' | 'hourly_rate' | 'hibernation_rate'>): number {
  if (row.status === 'ERROR' || row.status === 'DELETED') return 0
  return row.hibernation_rate ?? row.hourly_rate
}
