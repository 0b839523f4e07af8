/** What people are told as a budget is used up. */
import { budgetThresholds } from '@garrison/contract/budgets/thresholds'
import type { Currency } from '@garrison/contract/common'
import { formatMoney } from '../money.ts'
import { monthOf } from './rules.ts'

export function budgetWords(
  about: {
    capMicros: number
    usedMicros: number
    currency: Currency
    percent: number
    /** Null: the account's budget. */
    keyName: string | null
  },
  now: Date,
) {
  const money = (micros: number) => formatMoney(micros, about.currency)
  const what =
    about.keyName === null
      ? 'your monthly budget'
      : `the monthly budget of the API key "${about.keyName}"`
  const used = `${money(about.usedMicros)} of ${money(about.capMicros)} are used.`
  const ends = `${monthOf(now).ends.toISOString().slice(0, 10)} 00:00 UTC`
  if (about.percent < (budgetThresholds.at(-1) ?? 100)) {
    return {
      subject: `${about.percent} % of ${what} are used`,
      text: `${used}\n\nWhen all of it is used before ${ends}, instances that it pays for are hibernated, microVMs suspended, and nothing new begins.`,
    }
  }
  const whose = about.keyName === null ? 'All instances' : 'The instances that this key made'
  return {
    subject: `All of ${what} is used; instances are being hibernated`,
    text: `${used}\n\n${whose} that run or are shut off are hibernated now, microVMs suspended, and nothing new begins. Nothing is deleted, and what is stored goes on to cost what storage costs.\n\nRaise the budget, or wait until ${ends}. Then restore each instance and resume each microVM that you need: none starts by itself.`,
  }
}
