/** What those who pay are written about their orders. */
import { formatMoney } from '../money.ts'
import { totalOf } from './offer.ts'
import type * as store from './store.ts'

export type Words = { readonly subject: string; readonly text: string }

const letter = (order: store.Order, ...paragraphs: string[]) =>
  [...paragraphs, `Order ${order.public_id}`].join('\n\n')

export function paidWords(order: store.Order, receipt: string): Words {
  const money = (micros: number) => formatMoney(micros, order.currency)
  const tax =
    order.tax_rule === null
      ? ''
      : ` (${money(order.base_micros)} and ${money(order.tax_micros)} ${order.tax_rule.name})`
  return {
    subject: `Receipt ${receipt}: ${money(order.base_micros)} of credits`,
    text: letter(
      order,
      `Thank you. ${money(totalOf(order))}${tax} were paid, and ${money(order.base_micros)} of credits are in your balance.`,
      `The receipt has the number ${receipt}; what an invoice needs is in the details of the order.`,
    ),
  }
}

export function refundedWords(
  order: store.Order,
  { amount, credits, reason }: { amount: number; credits: number; reason: string | null },
): Words {
  const money = (micros: number) => formatMoney(micros, order.currency)
  return {
    subject: `${money(amount)} of your payment go back`,
    text: letter(
      order,
      `${money(amount)} go back to you${reason === null ? '' : ` (${reason})`}, and ${money(credits)} were taken from your credits for it.`,
      'If that leaves less than nothing, nothing new can be started until you add credits.',
    ),
  }
}

export function refundFailedWords(order: store.Order, amount: number): Words {
  const money = formatMoney(amount, order.currency)
  return {
    subject: `The refund of ${money} failed`,
    text: letter(
      order,
      `The payment provider could not pay it back. Your credits are there again.`,
    ),
  }
}
