import { type Role, whyNotAllowed } from '@garrison/contract/accounts/roles'

/** Null: they may set what a key may use. */
export const whyNoBudget = ({ role, billing_mode }: { role: Role; billing_mode: string }) =>
  whyNotAllowed(role, 'budget.change') ??
  (billing_mode === 'off' ? 'Nothing is charged here, so there is nothing to limit' : null)

/** An amount as somebody types it; null: it is none. */
export function capOf(text: string): number | null {
  const plain = text.trim().replace(',', '.')
  if (!/^\d{1,10}(\.\d{1,2})?$/.test(plain)) return null
  const amount = Number(plain)
  return amount >= 0.01 && amount <= 1_000_000_000 ? amount : null
}

/** What is wrong with a cap that was typed; empty is none, and right. */
export const capProblem = (text: string) =>
  text.trim() === '' || capOf(text) !== null
    ? null
    : 'Use an amount from 0.01 on, with two decimals at most.'
