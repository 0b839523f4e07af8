/**
 * The life of an order of credits, as data. What has happened to money decides, in whatever order we hear of
 * it: a payment counts also when its order has expired meanwhile.
 *
 *   creating ──► open ──► paid ──► partially_refunded ──► refunded
 *      │          ├────► expired (a late payment still makes it paid)
 *      │          └────► review: money came that is not what was ordered
 *      └──► failed: the provider would not take it
 */
import { refusal } from '../refusal.ts'

export const orderStates = [
  'creating',
  'open',
  'paid',
  'partially_refunded',
  'refunded',
  'expired',
  'review',
  'failed',
] as const
export type OrderState = (typeof orderStates)[number]

/** Those in which its credits were given. */
export const creditedOrderStates = [
  'paid',
  'partially_refunded',
  'refunded',
] as const satisfies readonly OrderState[]

type OrderTransition = {
  /** Where it is accepted. */
  readonly from: readonly OrderState[]
  /** Completes "Order must be paid to …". */
  readonly verb: string
}

export const orderActions = {
  /** By a payment of exactly what was ordered. */
  credit: { from: ['creating', 'open', 'expired', 'review', 'failed'], verb: 'be credited' },
  refund: { from: ['paid', 'partially_refunded'], verb: 'be refunded' },
  expire: { from: ['creating', 'open'], verb: 'expire' },
} as const satisfies Record<string, OrderTransition>

/** Why the action is refused in this state, as a sentence; `null` when it is not. */
export function whyNot(action: keyof typeof orderActions, state: OrderState): string | null {
  const { from, verb }: OrderTransition = orderActions[action]
  return from.includes(state) ? null : refusal('Order', from, verb, state)
}
