/**
 * What happens as credits run out, as data: told at three points, and at nothing left, machines are
 * hibernated. Used by the server to act, and by clients to warn.
 */

/** From good to bad. */
export const depletionStages = ['ok', 'low-24h', 'low-6h', 'low-1h', 'depleted'] as const
export type DepletionStage = (typeof depletionStages)[number]

/** Hours that credits must last at the present rate of spending to be better than this stage. */
export const hoursOf = {
  'low-24h': 24,
  'low-6h': 6,
  'low-1h': 1,
} as const satisfies Partial<Record<DepletionStage, number>>

/** After depletion: until things may be deleted, where the operator configured that. */
export const graceDays = 7

/** Days after depletion on which people are told that things will be deleted. */
export const reminderDays = [3, 6, 7] as const
