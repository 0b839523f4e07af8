/**
 * The lives of a firewall and of its attachments, as data. A change of rules makes an attachment
 * ATTACHING again until the machine has them: SUCCESS always means that they are in force.
 *
 *   firewall     SUCCESS ──► DELETING ──► gone          attachment   ATTACHING ──► SUCCESS
 *                               │                                        │  ▲        │
 *                               └─► ERROR                                ▼  └────────┤
 *                                                                      ERROR ◄── DETACHING ──► gone
 */
import { refusal } from '../refusal.ts'

/** A firewall is there as soon as it is asked for, so none of ours is ever CREATING. */
export const firewallStatuses = ['CREATING', 'SUCCESS', 'ERROR', 'DELETING'] as const
export type FirewallStatus = (typeof firewallStatuses)[number]

export const attachmentStatuses = ['ATTACHING', 'SUCCESS', 'ERROR', 'DETACHING'] as const
export type AttachmentStatus = (typeof attachmentStatuses)[number]

/** A rule that is taken away is gone at once. */
export const ruleStatuses = ['CREATING', 'SUCCESS', 'ERROR'] as const
export type RuleStatus = (typeof ruleStatuses)[number]

type FirewallTransition = {
  /** Where it is accepted. */
  readonly from: readonly FirewallStatus[]
  /** Completes "Firewall must be SUCCESS or ERROR to …". */
  readonly verb: string
}

/** In ERROR a deletion was cut short: everything may be tried again. */
export const firewallActions = {
  change: { from: ['SUCCESS', 'ERROR'], verb: 'be changed' },
  attach: { from: ['SUCCESS', 'ERROR'], verb: 'be attached' },
  detach: { from: ['SUCCESS', 'ERROR'], verb: 'be detached' },
  delete: { from: ['SUCCESS', 'ERROR'], verb: 'be deleted' },
} as const satisfies Record<string, FirewallTransition>
export type FirewallAction = keyof typeof firewallActions

/** Why the action is refused in this state, as a sentence for the user; `null` when it is not. */
export function whyNot(action: FirewallAction, status: FirewallStatus): string | null {
  const { from, verb }: FirewallTransition = firewallActions[action]
  return from.includes(status) ? null : refusal('Firewall', from, verb, status)
}
