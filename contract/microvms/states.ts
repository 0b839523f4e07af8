/**
 * States of microVMs and of what they begin as. Published examples show only some of the words; these are
 * all of ours.
 *
 *     starting ──▶ running ◀──▶ suspending, suspended, resuming
 *         │           │
 *         ▼           ▼
 *       failed    terminating ──▶ terminated
 */
export const microvmStatuses = [
  'starting',
  'running',
  'suspending',
  'suspended',
  'resuming',
  'terminating',
  'terminated',
  'failed',
] as const
export type MicrovmStatus = (typeof microvmStatuses)[number]

/** There is, or may be, a machine: it counts against limits, and can be found in lists. */
export const liveMicrovmStatuses = [
  'starting',
  'running',
  'suspending',
  'suspended',
  'resuming',
  'terminating',
] as const satisfies MicrovmStatus[]

/** It has processor and memory of its host. */
export const microvmStatusesWithMemory = [
  'starting',
  'running',
  'suspending',
  'resuming',
  'terminating',
] as const satisfies MicrovmStatus[]

type Action = {
  readonly from: readonly MicrovmStatus[]
  /** What it is in while the action is at work; `null`: it stays what it is. */
  readonly through: MicrovmStatus | null
  /** As in "cannot be suspended". */
  readonly done: string
}

/** What may be done in which state. */
export const microvmActions = {
  execute: { from: ['running'], through: null, done: 'used' },
  snapshot: { from: ['running', 'suspended'], through: null, done: 'captured' },
  suspend: { from: ['running'], through: 'suspending', done: 'suspended' },
  resume: { from: ['suspended'], through: 'resuming', done: 'resumed' },
  change: { from: liveMicrovmStatuses, through: null, done: 'changed' },
  delete: { from: [...liveMicrovmStatuses, 'failed'], through: 'terminating', done: 'deleted' },
} as const satisfies Record<string, Action>
export type MicrovmAction = keyof typeof microvmActions

/** `deleting` is a microVM snapshot on its way out; what is gone is in no list. */
export const microvmSnapshotStatuses = [
  'pending',
  'building',
  'ready',
  'failed',
  'deleting',
] as const
export type MicrovmSnapshotStatus = (typeof microvmSnapshotStatuses)[number]

/** Where a snapshot came from, published as `snapshot_type`; the values are ours. */
export const microvmSnapshotOrigins = ['vm', 'oci', 'base'] as const

/** How one execution stands. `lost`: the server stopped while it ran. */
export const executionStatuses = ['running', 'completed', 'failed', 'lost'] as const
