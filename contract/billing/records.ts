/** What was used and what it cost: a record for each stretch of time at one rate. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  errors,
  ok,
  page,
  pageSize,
  publicId,
  query,
  search,
  security,
  Tier,
  Timestamp,
  text,
} from '../common.ts'

export const billingStatuses = ['active', 'completed', 'hibernated'] as const

/** A day (`2026-01-10`, UTC, from its beginning or to its end) or a moment. */
const Moment = query(z.union([z.iso.date(), z.iso.datetime({ offset: true })])).openapi({
  type: 'string',
  example: '2026-01-10',
})

const range = {
  page,
  limit: pageSize,
  /** Records that were still open at this moment, or began after it. */
  start_date: Moment,
  /** Records that began before this moment. */
  end_date: Moment,
}

const record = {
  billing_id: z.string().openapi({ example: 'BRK-123456DB' }),
  tier: Tier,
  start_time: Timestamp,
  /** Null while it goes on. */
  end_time: Timestamp.nullable(),
  /** Whole minutes that are metered. */
  total_duration_minutes: z.int(),
  /** Rounded to 5 decimals; `total_cost` is computed from the exact rate. */
  per_minute_rate: z.number(),
  total_cost: z.number(),
  currency: Currency,
  status: z.string(),
  description: z.string(),
}

const totals = {
  totalMinutes: z.int(),
  activeCount: z.int(),
  /** Minutes for each record, rounded to 2 decimals. */
  averageUsage: z.number(),
  totalCost: z.number(),
}

const paging = {
  total: z.int(),
  page: z.int(),
  limit: z.int(),
  total_pages: z.int(),
  currency: Currency,
}

export const BillingRecord = z
  .object({
    ...record,
    instance_id: publicId('D'),
    vm_name: z.string(),
    gpu_type: z.string(),
    gpu_count: z.int(),
    status: z.enum(billingStatuses),
  })
  .openapi('BillingRecord')
export type BillingRecord = z.infer<typeof BillingRecord>

export const AggregatedBillingResponse = z
  .object({
    success: z.literal(true),
    records: z.array(BillingRecord),
    /** Over all records that match, not only those of the page. */
    summary: z
      .object({ ...totals, completedCount: z.int(), hibernatedCount: z.int() })
      .openapi('BillingSummary'),
    ...paging,
  })
  .openapi('AggregatedBillingResponse')

const times = {
  tier: 'legacy',
  start_time: '2026-01-10T09:05:00Z',
  end_time: null,
  currency: 'USD',
} as const
const pagingExample = { total: 1, page: 1, limit: 20, total_pages: 1, currency: 'USD' } as const

export const getInstanceBilling = createRoute({
  operationId: 'getInstanceBilling',
  method: 'get',
  path: '/api/instances/billing/',
  summary: 'Get instance billing',
  description:
    'What the instances of the account cost, also of those that are gone: a record for each stretch of time in one billed state. Transitional states cost nothing.',
  tags: ['Billing'],
  security,
  request: {
    query: z.object({
      ...range,
      instance_id: query(publicId('D')),
      status: query(z.enum(billingStatuses)),
      search,
    }),
  },
  responses: {
    ...ok(AggregatedBillingResponse, 'Newest first', {
      success: true,
      records: [
        {
          ...times,
          billing_id: 'BRK-100200DB',
          instance_id: 'BRK-100200D',
          vm_name: 'ml-training-server',
          gpu_type: 'H100-SXM5-80GB',
          gpu_count: 4,
          total_duration_minutes: 60,
          per_minute_rate: 0.166,
          total_cost: 9.96,
          status: 'active',
          description: 'Deployment billing - 60 minutes for H100-SXM5-80GB x4 (ml-training-server)',
        },
      ],
      summary: {
        totalMinutes: 60,
        activeCount: 1,
        completedCount: 0,
        hibernatedCount: 0,
        averageUsage: 60,
        totalCost: 9.96,
      },
      ...pagingExample,
    }),
    ...errors(400),
  },
})

export const SnapshotBillingRecord = z
  .object({
    ...record,
    snapshot_id: publicId('S'),
    snapshot_name: z.string(),
    /** GB (10^9 bytes) of the disk that the snapshot is of. */
    size_gb: z.int(),
  })
  .openapi('SnapshotBillingRecord')
export type SnapshotBillingRecord = z.infer<typeof SnapshotBillingRecord>

export const SnapshotBillingResponse = z
  .object({
    success: z.literal(true),
    records: z.array(SnapshotBillingRecord),
    /** Over all records that match. `totalSizeGB` is of those that go on. */
    summary: z.object({ ...totals, totalSizeGB: z.int() }).openapi('SnapshotBillingSummary'),
    ...paging,
    tier: Tier,
  })
  .openapi('SnapshotBillingResponse')

export const getSnapshotBilling = createRoute({
  operationId: 'getSnapshotBilling',
  method: 'get',
  path: '/api/snapshots/billing/',
  summary: 'Get snapshot billing',
  tags: ['Billing'],
  security,
  request: { query: z.object({ ...range, snapshot_id: query(publicId('S')) }) },
  responses: {
    ...ok(SnapshotBillingResponse, 'Newest first', {
      success: true,
      records: [
        {
          ...times,
          billing_id: 'BRK-123456SB',
          snapshot_id: 'BRK-123456S',
          snapshot_name: 'before-upgrade',
          size_gb: 250,
          total_duration_minutes: 480,
          per_minute_rate: 0.00417,
          total_cost: 2,
          status: 'active',
          description: 'Snapshot usage - 480 minutes for 250GB snapshot (before-upgrade)',
        },
      ],
      summary: {
        totalMinutes: 480,
        activeCount: 1,
        averageUsage: 480,
        totalSizeGB: 250,
        totalCost: 2,
      },
      ...pagingExample,
      tier: 'legacy',
    }),
    ...errors(400),
  },
})

/** Of microVMs, and of what they begin as. */
export const microvmBillingTypes = ['microvm', 'microvm-snapshot'] as const

export const MicrovmBillingRecord = z
  .object({
    ...record,
    billing_id: z.string().openapi({ example: 'vm_2k7m4q9x1c5t8w3z' }),
    resource_type: z.enum(microvmBillingTypes),
    resource_id: z.string(),
    resource_name: z.string(),
    /** Whole seconds: VMs are charged by them. Null for snapshots, which are charged by the minute. */
    total_duration_seconds: z.int().nullable(),
    /** Of a snapshot: what it is charged by. Null for VMs. */
    size_bytes: z.int().nullable(),
    /** Exact, where `per_minute_rate` of something small is rounded to nothing. */
    hourly_rate: z.number(),
    status: z.enum(['active', 'completed']),
  })
  .openapi('MicrovmBillingRecord')
export type MicrovmBillingRecord = z.infer<typeof MicrovmBillingRecord>

export const MicrovmBillingResponse = z
  .object({
    success: z.literal(true),
    records: z.array(MicrovmBillingRecord),
    /**
     * Over all records that match. `totalSeconds` counts those that make no whole minute too;
     * `totalSizeBytes` is of those that go on.
     */
    summary: z
      .object({
        ...totals,
        totalSeconds: z.int(),
        completedCount: z.int(),
        totalSizeBytes: z.int(),
      })
      .openapi('MicrovmBillingSummary'),
    ...paging,
  })
  .openapi('MicrovmBillingResponse')

export const getMicrovmBilling = createRoute({
  operationId: 'getMicrovmBilling',
  method: 'get',
  path: '/api/microvms/billing/',
  summary: 'Get billing of microVMs and their snapshots',
  description:
    'A VM costs by the second while it has memory; a snapshot of one by its bytes, at the price of snapshots, until it is deleted. Public snapshots are free.',
  tags: ['Billing'],
  security,
  request: {
    query: z.object({
      ...range,
      resource_type: query(z.enum(microvmBillingTypes)),
      /** `vm_…` or `snap_…` */
      resource_id: query(text(64)),
      status: query(z.enum(['active', 'completed'])),
      search,
    }),
  },
  responses: {
    ...ok(MicrovmBillingResponse, 'Newest first', {
      success: true,
      records: [
        {
          ...times,
          billing_id: 'vm_2k7m4q9x1c5t8w3z',
          resource_type: 'microvm',
          resource_id: 'vm_2k7m4q9x1c5t8w3z',
          resource_name: 'vm_2k7m4q9x1c5t8w3z',
          total_duration_minutes: 5,
          total_duration_seconds: 300,
          size_bytes: null,
          per_minute_rate: 0.00182,
          hourly_rate: 0.109,
          total_cost: 0.009083,
          status: 'active',
          description: 'MicroVM billing - 300 seconds (vm_2k7m4q9x1c5t8w3z)',
        },
      ],
      summary: {
        totalMinutes: 5,
        totalSeconds: 300,
        activeCount: 1,
        completedCount: 0,
        averageUsage: 5,
        totalSizeBytes: 0,
        totalCost: 0.009083,
      },
      ...pagingExample,
    }),
    ...errors(400),
  },
})

export const VolumeBillingRecord = z
  .object({
    ...record,
    billing_id: z.string().openapi({ example: 'VBILL_a1b2c3d4e5' }),
    volume_id: publicId('V'),
    volume_name: z.string(),
    size_gb: z.int(),
    /** The volume's own while it goes on, then `completed`. */
    status: z.string(),
  })
  .openapi('VolumeBillingRecord')
export type VolumeBillingRecord = z.infer<typeof VolumeBillingRecord>

export const VolumeHourlyBillingResponse = z
  .object({
    success: z.literal(true),
    records: z.array(VolumeBillingRecord),
    /** Over all records that match. `totalSizeGB` is of those that go on. */
    summary: z.object({ ...totals, totalSizeGB: z.int() }).openapi('VolumeBillingSummary'),
    ...paging,
  })
  .openapi('VolumeHourlyBillingResponse')

export const getVolumeBilling = createRoute({
  operationId: 'getVolumeBilling',
  method: 'get',
  path: '/api/volumes/billing/',
  summary: 'Get volume billing',
  description:
    'A volume costs by its size for as long as it exists, attached or not. One that grew has a record for each size.',
  tags: ['Billing'],
  security,
  request: { query: z.object({ ...range, volume_id: query(publicId('V')) }) },
  responses: {
    ...ok(VolumeHourlyBillingResponse, 'Newest first', {
      success: true,
      records: [
        {
          ...times,
          billing_id: 'VBILL_a1b2c3d4e5',
          volume_id: 'BRK-123456V',
          volume_name: 'volume1',
          size_gb: 1000,
          total_duration_minutes: 480,
          per_minute_rate: 0.00167,
          total_cost: 0.8,
          status: 'available',
          description: 'Volume billing - 480 minutes at 1000GB (volume1)',
        },
      ],
      summary: {
        totalMinutes: 480,
        activeCount: 1,
        averageUsage: 480,
        totalSizeGB: 1000,
        totalCost: 0.8,
      },
      ...pagingExample,
    }),
    ...errors(400),
  },
})
