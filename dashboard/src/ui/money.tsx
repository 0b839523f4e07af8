import type { ReactNode } from 'react'
import { type Currency, money } from './format.ts'

const decimalsOf = (text: string) => /\.(\d+)$/.exec(text)?.[1]?.length ?? 0

/** Writes the amounts of one column, which stand at the right, with their decimal points below one another. */
export function moneyIn(
  currency: Currency,
  amounts: readonly number[],
): (amount: number) => ReactNode {
  const most = Math.max(0, ...amounts.map((amount) => decimalsOf(money(amount, currency))))
  return (amount) => {
    const text = money(amount, currency)
    const missing = most - decimalsOf(text)
    return missing > 0 ? <span style={{ paddingRight: `${missing}ch` }}>{text}</span> : text
  }
}
