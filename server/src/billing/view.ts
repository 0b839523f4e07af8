/** From billing records to what the API answers, in the published words. */
import type {
  BillingRecord,
  MicrovmBillingRecord,
  SnapshotBillingRecord,
  VolumeBillingRecord,
} from '@garrison/contract/billing/records'
import type { Selectable } from 'kysely'
import type { Schema } from '../database/schema.ts'
import { gpuType } from '../instances/view.ts'
import { toDecimal } from '../money.ts'
import type { Movement } from './credits.ts'
import type { Totals } from './records.ts'

type Row = Selectable<Schema['billing_records']>

function recordHead(row: Row) {
  return {
    billing_id: row.billing_id,
    tier: row.tier,
    start_time: row.started_at.toISOString(),
    end_time: row.ended_at?.toISOString() ?? null,
    total_duration_minutes: row.minutes,
    per_minute_rate: Math.round(row.hourly_rate_micros / 60 / 10) / 100_000,
    total_cost: toDecimal(row.cost_micros),
    currency: row.currency,
  }
}

export function instanceRecord(row: Row): BillingRecord {
  const [gpu_type, gpu_count] = [gpuType(row.gpu_model), row.gpu_count ?? 0]
  return {
    ...recordHead(row),
    instance_id: row.resource_public_id,
    vm_name: row.resource_name,
    gpu_type,
    gpu_count,
    status:
      row.ended_at !== null ? 'completed' : row.rate === 'hibernated' ? 'hibernated' : 'active',
    description: `Deployment billing - ${row.minutes} minutes for ${gpu_type} x${gpu_count} (${row.resource_name})`,
  }
}

export function snapshotRecord(row: Row): SnapshotBillingRecord {
  const size_gb = row.size_gb ?? 0
  return {
    ...recordHead(row),
    snapshot_id: row.resource_public_id,
    snapshot_name: row.resource_name,
    size_gb,
    status: row.ended_at === null ? 'active' : 'completed',
    description: `Snapshot usage - ${row.minutes} minutes for ${size_gb}GB snapshot (${row.resource_name})`,
  }
}

/** Of a microVM, or of a snapshot of one. */
export function microvmRecord(row: Row): MicrovmBillingRecord {
  const isVm = row.resource_kind === 'microvm'
  const used = isVm
    ? `MicroVM billing - ${row.seconds ?? 0} seconds`
    : `MicroVM snapshot usage - ${row.minutes} minutes for ${row.size_bytes ?? 0} bytes`
  return {
    ...recordHead(row),
    resource_type: isVm ? 'microvm' : 'microvm-snapshot',
    resource_id: row.resource_public_id,
    resource_name: row.resource_name,
    total_duration_seconds: row.seconds,
    size_bytes: row.size_bytes,
    hourly_rate: toDecimal(row.hourly_rate_micros),
    status: row.ended_at === null ? 'active' : 'completed',
    description: `${used} (${row.resource_name})`,
  }
}

/** @param status Of the volume, if it is still there. */
export function volumeRecord(row: Row, status: string | undefined): VolumeBillingRecord {
  const size_gb = row.size_gb ?? 0
  return {
    ...recordHead(row),
    volume_id: row.resource_public_id,
    volume_name: row.resource_name,
    size_gb,
    status: row.ended_at === null ? (status ?? 'available') : 'completed',
    description: `Volume billing - ${row.minutes} minutes at ${size_gb}GB (${row.resource_name})`,
  }
}

export const movementAnswer = ({ micros, at, orderId, receiptNumber, ...row }: Movement) => ({
  ...row,
  amount: toDecimal(micros),
  created_at: at.toISOString(),
  order_id: orderId,
  receipt_number: receiptNumber,
})

export function totalsHead(totals: Totals) {
  return {
    totalMinutes: Number(totals.minutes),
    activeCount: Number(totals.active),
    averageUsage:
      Number(totals.records) === 0
        ? 0
        : Math.round((Number(totals.minutes) / Number(totals.records)) * 100) / 100,
    totalCost: toDecimal(Number(totals.costMicros)),
  }
}
