import { type Currency, money } from '../ui/format.ts'

/** An answer may cost millionths; more than that is told as money always is. */
export const cost = (amount: number, currency: Currency) =>
  money(amount, currency, amount !== 0 && Math.abs(amount) < 0.01 ? 6 : undefined)
