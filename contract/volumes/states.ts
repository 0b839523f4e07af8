/**
 * The life of a volume, as data. A deleted one is gone: it has no state.
 *
 *   creating ─┐                ┌─► attaching ─► in-use ─► detaching ─┐
 *             ├─► available ◄──┤                  │ ▲                ├─► available
 *   cloning ──┘       │        └──────────────────┼─┼────────────────┘
 *                     ├─► resizing ◄──────────────┘ │  back to where it was
 *                     └─► deleting ─► gone          error: from creating, cloning and deleting
 */
import type { InstanceStatus } from '../instances/states.ts'
import { refusal } from '../refusal.ts'

export const volumeStatuses = [
  'creating',
  'available',
  'attaching',
  'in-use',
  'detaching',
  'resizing',
  'cloning',
  'deleting',
  'error',
] as const
export type VolumeStatus = (typeof volumeStatuses)[number]

export type VolumeTransition = {
  /** Where it is accepted. */
  readonly from: readonly VolumeStatus[]
  /** Shown while it is under way. */
  readonly through: VolumeStatus
  /** Completes "Volume must be available to …". */
  readonly verb: string
}

export const volumeActions = {
  attach: { from: ['available'], through: 'attaching', verb: 'be attached' },
  detach: { from: ['in-use'], through: 'detaching', verb: 'be detached' },
  resize: { from: ['available', 'in-use'], through: 'resizing', verb: 'be resized' },
  /** The source stays as it is; the copy is `cloning`. */
  clone: { from: ['available', 'in-use'], through: 'cloning', verb: 'be cloned' },
  /** One in `error` was never finished, or not quite removed. */
  delete: { from: ['available', 'error'], through: 'deleting', verb: 'be deleted' },
} as const satisfies Record<string, VolumeTransition>
export type VolumeAction = keyof typeof volumeActions

/** A machine has it, or is about to, or is about to give it back. */
export const heldStatuses = ['attaching', 'in-use', 'detaching'] as const satisfies VolumeStatus[]

/** An operation is at work on it. */
export function isTransitional(status: VolumeStatus): boolean {
  return status !== 'available' && status !== 'in-use' && status !== 'error'
}

/** Why the action is refused in this state, as a sentence for the user; `null` when it is not. */
export function whyNot(action: VolumeAction, status: VolumeStatus): string | null {
  const { from, verb }: VolumeTransition = volumeActions[action]
  return from.includes(status) ? null : refusal('Volume', from, verb, status)
}

/** Where a volume is while nothing is at work on it. */
export const restingStatus = (attached: boolean) =>
  (attached ? 'in-use' : 'available') satisfies VolumeStatus

/** The states of an instance in which volumes come and go, by what its region can. */
function plugStatuses(can: { hotplug: boolean; coldplug: boolean }): InstanceStatus[] {
  return [
    ...(can.hotplug ? (['ACTIVE'] as const) : []),
    ...(can.coldplug ? (['SHUTOFF'] as const) : []),
  ]
}

/** Why volumes can neither be given to an instance in this state nor taken from it; `null` when they can. */
export function whyNotPlug(
  status: InstanceStatus,
  verb: 'attach' | 'detach',
  can: { hotplug: boolean; coldplug: boolean },
): string | null {
  const from = plugStatuses(can)
  return from.includes(status) ? null : refusal('Instance', from, `${verb} volumes`, status)
}
