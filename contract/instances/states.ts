/**
 * The life of an instance, as data: what may be done in which state, and where it leads. The service
 * refuses by this table, a dashboard disables its buttons by it, and the tests walk it.
 *
 *                     ┌──── reboot ────┐
 *                     ▼                │
 *   CREATING → BUILD → ACTIVE ──► REBOOTING ◄── ERROR
 *                     │  ▲
 *        ┌─ STOPPING ◄┤  ├─ STARTING ◄── SHUTOFF
 *        └► SHUTOFF   │  │
 *     ┌─ HIBERNATING ◄┘  └─ RESTORING ◄── HIBERNATED
 *     └► HIBERNATED
 *
 *   SHUTOFF, ERROR ─ rollback ─► RESTORING ──► SHUTOFF, and ACTIVE ──► RESTORING ──► ACTIVE
 *
 *   any but DELETED ──► DELETING ──► DELETED
 */
import { refusal } from '../refusal.ts'

export const instanceStatuses = [
  'CREATING',
  'BUILD',
  'ACTIVE',
  'STARTING',
  'STOPPING',
  'SHUTOFF',
  'REBOOTING',
  'HIBERNATING',
  'HIBERNATED',
  'RESTORING',
  'DELETING',
  'DELETED',
  'ERROR',
] as const
export type InstanceStatus = (typeof instanceStatuses)[number]

/** Something is at work on the machine; only deletion is accepted meanwhile. */
export const transitionalStatuses = [
  'CREATING',
  'BUILD',
  'STARTING',
  'STOPPING',
  'REBOOTING',
  'HIBERNATING',
  'RESTORING',
  'DELETING',
] as const satisfies InstanceStatus[]

export type InstanceTransition = {
  /** Where it is accepted. */
  readonly from: readonly InstanceStatus[]
  /** Shown while it is under way; `null`: whatever it was, and it stays so. */
  readonly through: InstanceStatus | null
  readonly to: InstanceStatus | null
  readonly onFailure: InstanceStatus | null
  /** Completes "Instance must be ACTIVE to …". */
  readonly verb: string
}

export const instanceActions = {
  start: {
    from: ['SHUTOFF'],
    through: 'STARTING',
    to: 'ACTIVE',
    onFailure: 'ERROR',
    verb: 'start',
  },
  stop: {
    from: ['ACTIVE'],
    through: 'STOPPING',
    to: 'SHUTOFF',
    onFailure: 'ERROR',
    verb: 'stop',
  },
  /** Also the way out of ERROR. */
  reboot: {
    from: ['ACTIVE', 'ERROR'],
    through: 'REBOOTING',
    to: 'ACTIVE',
    onFailure: 'ERROR',
    verb: 'reboot',
  },
  /** One that cannot be hibernated goes on. */
  hibernate: {
    from: ['ACTIVE'],
    through: 'HIBERNATING',
    to: 'HIBERNATED',
    onFailure: 'ACTIVE',
    verb: 'hibernate',
  },
  /** For want of credits, or of budget: nobody asks for it. One that cannot be hibernated is as before. */
  'hibernate-unpaid': {
    from: ['ACTIVE', 'SHUTOFF'],
    through: 'HIBERNATING',
    to: 'HIBERNATED',
    onFailure: null,
    verb: 'hibernate for want of credits',
  },
  /** Without capacity it stays hibernated, unharmed, and may be tried again. */
  restore: {
    from: ['HIBERNATED'],
    through: 'RESTORING',
    to: 'ACTIVE',
    onFailure: 'HIBERNATED',
    verb: 'restore',
  },
  /** The machine goes on running, whatever becomes of the snapshot. */
  snapshot: {
    from: ['ACTIVE'],
    through: 'ACTIVE',
    to: 'ACTIVE',
    onFailure: 'ACTIVE',
    verb: 'take a snapshot',
  },
  /** Its disk goes back to a snapshot of it. One in ERROR is at rest afterwards, and may be started. */
  rollback: {
    from: ['SHUTOFF', 'ERROR'],
    through: 'RESTORING',
    to: 'SHUTOFF',
    onFailure: 'ERROR',
    verb: 'be rolled back',
  },
  /** The same of one that runs: it is stopped before, and started afterwards. */
  'rollback-running': {
    from: ['ACTIVE'],
    through: 'RESTORING',
    to: 'ACTIVE',
    onFailure: 'ERROR',
    verb: 'be rolled back while it runs',
  },
  /** The machine goes on running, whatever becomes of its rules. */
  'attach-firewall': {
    from: ['ACTIVE'],
    through: 'ACTIVE',
    to: 'ACTIVE',
    onFailure: 'ACTIVE',
    verb: 'have a firewall attached',
  },
  'add-security-rule': {
    from: ['ACTIVE'],
    through: 'ACTIVE',
    to: 'ACTIVE',
    onFailure: 'ACTIVE',
    verb: 'be given a security rule',
  },
  'toggle-public-ip': {
    from: ['ACTIVE', 'SHUTOFF'],
    through: null,
    to: null,
    onFailure: null,
    verb: 'be given a public IP or lose it',
  },
  /** Cancels whatever is under way. Asked of one that is being deleted, it changes nothing. */
  delete: {
    from: [...transitionalStatuses, 'ACTIVE', 'SHUTOFF', 'HIBERNATED', 'ERROR'],
    through: 'DELETING',
    to: 'DELETED',
    onFailure: 'ERROR',
    verb: 'delete',
  },
} as const satisfies Record<string, InstanceTransition>
export type InstanceAction = keyof typeof instanceActions

export function canInstance(action: InstanceAction, status: InstanceStatus): boolean {
  return whyNot(action, status) === null
}

/** Why the action is refused in this state, as a sentence for the user; `null` when it is not. */
export function whyNot(action: InstanceAction, status: InstanceStatus): string | null {
  const { from, verb }: InstanceTransition = instanceActions[action]
  if (from.includes(status)) return null
  if (status === 'DELETED') return 'Instance is DELETED; that cannot be undone'
  if (isTransitional(status)) return `Instance is ${status}; wait until that has finished`
  // The way out that people look for under another name.
  const instead = status === 'HIBERNATED' ? '; restore it first' : ''
  return refusal('Instance', from, verb, status) + instead
}

/**
 * Where it may have a process whose console and display can be looked at; whether it has one right now,
 * the machine itself tells.
 */
const watchableStatuses: readonly InstanceStatus[] = [
  'BUILD',
  'ACTIVE',
  'STARTING',
  'STOPPING',
  'REBOOTING',
  'ERROR',
]

/** Why nobody can look at its console or display in this state, for the user; `null`: somebody can. */
export function whyNotWatch(status: InstanceStatus): string | null {
  if (watchableStatuses.includes(status)) return null
  const instead = status === 'DELETED' ? '' : '; its console log can be read'
  return `Instance is ${status}, and only a machine that runs has a console and a display${instead}`
}

export function isTransitional(status: InstanceStatus): boolean {
  return (transitionalStatuses as readonly InstanceStatus[]).includes(status)
}
