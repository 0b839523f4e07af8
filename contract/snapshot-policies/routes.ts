/** Snapshots that are taken, and thinned out again, by themselves. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Description,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  integer,
  jsonBody,
  ok,
  Pagination,
  page,
  pageSize,
  paginationExample,
  publicId,
  queryInteger,
  ResourceName,
  search,
  security,
  Timestamp,
} from '../common.ts'
import { InstanceId } from '../instances/schemas.ts'
import { SnapshotId } from '../snapshots/routes.ts'
import { snapshotStatuses } from '../snapshots/states.ts'
import { frequencies, mostKept } from './frequencies.ts'

/** An account has no more than this. */
export const policiesPerAccount = 25
/** A policy covers no more than this. */
export const instancesPerPolicy = 100

const PolicyId = publicId('P')
const FrequencyEnum = z.enum(frequencies).openapi('SnapshotFrequency')

/** Of each frequency, how many are kept; 0: none is taken. */
const counts = {
  hourly: integer(0, mostKept.hourly),
  daily: integer(0, mostKept.daily),
  weekly: integer(0, mostKept.weekly),
  monthly: integer(0, mostKept.monthly),
}

/** Minutes after midnight UTC; hourly ones are taken at its minute of each hour. */
const OffsetMinutes = integer(0, 1439).openapi({ example: 210 })

const InstanceIds = z
  .array(InstanceId)
  .max(instancesPerPolicy)
  .refine((ids) => new Set(ids).size === ids.length, 'Name each instance only once.')

const PolicyInstance = z
  .object({
    instance_id: InstanceId,
    vm_name: z.string(),
    /** When the policy last took a good snapshot of it. */
    last_success_at: Timestamp.nullable(),
    /** What went wrong since then; null when nothing did. */
    last_error: z.string().nullable(),
    last_error_at: Timestamp.nullable(),
    /** Why it was last passed over, as only ACTIVE instances can be snapshotted. */
    skip_reason: z.string().nullable(),
    skipped_at: Timestamp.nullable(),
    next_run_at: Timestamp,
  })
  .openapi('SnapshotPolicyInstance')

const SnapshotPolicy = z
  .object({
    id: PolicyId,
    name: z.string(),
    description: z.string().nullable(),
    hourly: z.int(),
    daily: z.int(),
    weekly: z.int(),
    monthly: z.int(),
    offset_minutes: z.int(),
    instances: z.array(PolicyInstance),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi('SnapshotPolicy')
export type SnapshotPolicy = z.infer<typeof SnapshotPolicy>

const example = {
  id: 'BRK-123456P',
  name: 'nightly',
  description: null,
  hourly: 24,
  daily: 7,
  weekly: 4,
  monthly: 12,
  offset_minutes: 210,
  instances: [
    {
      instance_id: 'BRK-100200D',
      vm_name: 'web-1',
      last_success_at: '2026-01-10T03:30:02Z',
      last_error: null,
      last_error_at: null,
      skip_reason: null,
      skipped_at: null,
      next_run_at: '2026-01-10T04:30:00Z',
    },
  ],
  created_at: '2026-01-01T12:00:00Z',
  updated_at: '2026-01-01T12:00:00Z',
} as const satisfies z.input<typeof SnapshotPolicy>

const tags = ['Snapshot policies']
const params = z.object({ policy_id: PolicyId })

const ListSnapshotPoliciesResponse = Envelope.extend({
  policies: z.array(SnapshotPolicy),
  /** How many an account may have. */
  limit: z.int(),
  pagination: Pagination,
}).openapi('ListSnapshotPoliciesResponse')

export const listSnapshotPolicies = createRoute({
  operationId: 'listSnapshotPolicies',
  method: 'get',
  path: '/api/snapshot-policies/',
  summary: 'List snapshot policies',
  tags,
  security,
  request: { query: z.object({ page, page_size: pageSize, search }) },
  responses: {
    ...ok(ListSnapshotPoliciesResponse, 'Your policies, newest first', {
      ...exampleHead,
      message: 'Snapshot policies retrieved successfully',
      policies: [example],
      limit: policiesPerAccount,
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

const SnapshotPolicyResponse = Envelope.extend({ policy: SnapshotPolicy }).openapi(
  'SnapshotPolicyResponse',
)

const oneCount = 'Keep at least one snapshot of some frequency.'

const CreateSnapshotPolicyRequest = z
  .object({
    name: ResourceName,
    description: Description.optional(),
    hourly: counts.hourly.optional(),
    daily: counts.daily.optional(),
    weekly: counts.weekly.optional(),
    monthly: counts.monthly.optional(),
    offset_minutes: OffsetMinutes.optional(),
    instance_ids: InstanceIds.optional(),
  })
  .refine((body) => frequencies.some((each) => (body[each] ?? 0) > 0), {
    error: oneCount,
    path: ['hourly'],
  })
  .openapi('CreateSnapshotPolicyRequest')
export type CreateSnapshotPolicyRequest = z.infer<typeof CreateSnapshotPolicyRequest>

export const createSnapshotPolicy = createRoute({
  operationId: 'createSnapshotPolicy',
  method: 'post',
  path: '/api/snapshot-policies/',
  summary: 'Create snapshot policy',
  description:
    'Takes a snapshot of each of its instances whenever a frequency that keeps any is due, at the minute given by `offset_minutes`: one snapshot for all frequencies that are due together. Of each frequency the first good one of each of the newest hours, days, weeks (from Monday) or months is kept; all in UTC. Pinned snapshots, those that you took yourself and the newest good one are never removed.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateSnapshotPolicyRequest, {
      name: example.name,
      hourly: 24,
      daily: 7,
      weekly: 4,
      monthly: 12,
      offset_minutes: 210,
      instance_ids: ['BRK-100200D'],
    }),
  },
  responses: {
    ...ok(SnapshotPolicyResponse, 'The policy', {
      ...exampleHead,
      message: 'Snapshot policy created successfully',
      policy: example,
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const getSnapshotPolicy = createRoute({
  operationId: 'getSnapshotPolicy',
  method: 'get',
  path: '/api/snapshot-policies/{policy_id}/',
  summary: 'Get snapshot policy',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(SnapshotPolicyResponse, 'The policy', {
      ...exampleHead,
      message: 'Snapshot policy retrieved successfully',
      policy: example,
    }),
    ...errors(400, 404),
  },
})

const ChangeSnapshotPolicyRequest = z
  .object({
    name: ResourceName.optional(),
    description: Description.optional(),
    hourly: counts.hourly.optional(),
    daily: counts.daily.optional(),
    weekly: counts.weekly.optional(),
    monthly: counts.monthly.optional(),
    offset_minutes: OffsetMinutes.optional(),
    /** All that it covers from now on: what is missing here is let go of, and keeps its snapshots. */
    instance_ids: InstanceIds.optional(),
  })
  .openapi('ChangeSnapshotPolicyRequest')
export type ChangeSnapshotPolicyRequest = z.infer<typeof ChangeSnapshotPolicyRequest>

export const changeSnapshotPolicy = createRoute({
  operationId: 'changeSnapshotPolicy',
  method: 'patch',
  path: '/api/snapshot-policies/{policy_id}/',
  summary: 'Change snapshot policy',
  description:
    'What is left out stays as it is. With smaller counts, what is too many goes soon: ask the preview first.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(ChangeSnapshotPolicyRequest, { daily: 14, instance_ids: ['BRK-100200D'] }),
  },
  responses: {
    ...ok(SnapshotPolicyResponse, 'The policy as it is now', {
      ...exampleHead,
      message: 'Snapshot policy changed successfully',
      policy: { ...example, daily: 14 },
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

const DeleteSnapshotPolicyResponse = Envelope.extend({ policy_id: PolicyId }).openapi(
  'DeleteSnapshotPolicyResponse',
)

export const deleteSnapshotPolicy = createRoute({
  operationId: 'deleteSnapshotPolicy',
  method: 'delete',
  path: '/api/snapshot-policies/{policy_id}/',
  summary: 'Delete snapshot policy',
  description: 'The snapshots that it took stay, until you delete them.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(DeleteSnapshotPolicyResponse, 'It is gone', {
      ...exampleHead,
      message: 'Snapshot policy deleted successfully',
      policy_id: example.id,
    }),
    ...errors(400, 404, 409, 422),
  },
})

const PreviewedSnapshot = z
  .object({
    /** Null: the one that would be taken next. */
    snapshot_id: SnapshotId.nullable(),
    name: z.string(),
    status: z.enum(snapshotStatuses).nullable(),
    created_at: Timestamp,
    pinned: z.boolean(),
    keep: z.boolean(),
    /** Why it stays or goes, in words. */
    reasons: z.array(z.string()),
  })
  .openapi('PreviewedSnapshot')

const PolicyPreview = z
  .object({
    instance_id: InstanceId,
    vm_name: z.string(),
    next: z.object({
      at: Timestamp,
      /** The rarest frequency that it is taken for. */
      frequency: FrequencyEnum,
      name: z.string(),
      /** Why it would not be taken if it were due now; null when it would. */
      obstacle: z.string().nullable(),
    }),
    /** What the policy took of it, newest first, as it is decided once the next one is good. */
    snapshots: z.array(PreviewedSnapshot),
  })
  .openapi('SnapshotPolicyPreview')
export type PolicyPreview = z.infer<typeof PolicyPreview>

const PreviewSnapshotPolicyResponse = Envelope.extend({
  policy_id: PolicyId,
  instances: z.array(PolicyPreview),
}).openapi('PreviewSnapshotPolicyResponse')

export const previewSnapshotPolicy = createRoute({
  operationId: 'previewSnapshotPolicy',
  method: 'get',
  path: '/api/snapshot-policies/{policy_id}/preview/',
  summary: 'Preview snapshot policy',
  description:
    'What is taken next of each instance, and what then goes and stays, and why. With counts in the query: as it would be with those.',
  tags,
  security,
  request: {
    params,
    query: z.object({
      hourly: queryInteger(0, mostKept.hourly),
      daily: queryInteger(0, mostKept.daily),
      weekly: queryInteger(0, mostKept.weekly),
      monthly: queryInteger(0, mostKept.monthly),
    }),
  },
  responses: {
    ...ok(PreviewSnapshotPolicyResponse, 'What would happen', {
      ...exampleHead,
      message: 'Snapshot policy preview',
      policy_id: example.id,
      instances: [
        {
          instance_id: 'BRK-100200D',
          vm_name: 'web-1',
          next: {
            at: '2026-01-10T04:30:00Z',
            frequency: 'hourly',
            name: 'web-1-hourly-2026-01-10T04-30Z',
            obstacle: null,
          },
          snapshots: [
            {
              snapshot_id: 'BRK-123456S',
              name: 'web-1-daily-2026-01-10T03-30Z',
              status: 'SUCCESS',
              created_at: '2026-01-10T03:30:00Z',
              pinned: false,
              keep: true,
              reasons: ['hourly: 2 of 24', 'daily: 1 of 7'],
            },
          ],
        },
      ],
    }),
    ...errors(400, 404),
  },
})
