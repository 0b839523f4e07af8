/** What can be bought for how much: packages, limits and tax. Plain functions of plain data. */
import type { CreateOrderRequest } from '@garrison/contract/billing/orders'
import type { Currency } from '@garrison/contract/common'
import type { PaymentsConfig } from '../config/payments.ts'
import type { TaxRule } from '../database/schema/payments.ts'
import { ValidationError } from '../errors.ts'
import { formatMoney, fromDecimal, isWholeCents, microsPerCent } from '../money.ts'

export type Offer = {
  /** Null: an amount of one's own. */
  readonly package: string | null
  readonly currency: Currency
  readonly baseMicros: number
  readonly taxMicros: number
  readonly tax: TaxRule | null
}

const gst: TaxRule = { name: 'GST', percent: 18 }

/** As profiles spell it, or may have spelt it. */
const isIndia = (country: string | null) => /^(in|ind|india)$/i.test(country?.trim() ?? '')

/** Customers in India pay GST, nobody else pays anything. */
export const taxFor = (country: string | null): TaxRule | null => (isIndia(country) ? gst : null)

/** To the nearest hundredth: nobody can pay less than that. */
export const taxOf = (baseMicros: number, rule: TaxRule | null) =>
  rule === null ? 0 : Math.round((baseMicros * rule.percent) / 100 / microsPerCent) * microsPerCent

export function packagesFor(
  { packages }: Pick<PaymentsConfig, 'packages'>,
  { currency, country }: { currency: Currency; country: string | null },
): (Offer & { package: string })[] {
  const tax = taxFor(country)
  return packages
    .map(({ name, prices }) => {
      const baseMicros = fromDecimal(prices[currency])
      return { package: name, currency, baseMicros, taxMicros: taxOf(baseMicros, tax), tax }
    })
    .sort((one, other) => one.baseMicros - other.baseMicros)
}

/** @throws ValidationError when there is no such package, or the amount is none that can be bought. */
export function offerFor(
  config: PaymentsConfig,
  account: { currency: Currency; country: string | null },
  wanted: CreateOrderRequest,
): Offer {
  const { currency } = account
  if (wanted.currency !== undefined && wanted.currency !== currency) {
    throw new ValidationError({
      currency: [`Your account is in ${currency}; credits are bought in that currency only.`],
    })
  }
  if (wanted.amount !== undefined) return ofAmount(config, account, wanted.amount)
  const name = wanted.package?.trim().toLowerCase()
  const offers = packagesFor(config, account)
  const found = offers.find((offer) => offer.package.toLowerCase() === name)
  if (found !== undefined) return found
  const names = offers.map((offer) => offer.package).join(', ') || 'none'
  throw new ValidationError({ package: [`There is no such package; there are: ${names}.`] })
}

function ofAmount(
  { minimum, maximum }: PaymentsConfig,
  { currency, country }: { currency: Currency; country: string | null },
  amount: number,
): Offer {
  const wrong = (words: string) => new ValidationError({ amount: [words] })
  if (!isWholeCents(amount)) throw wrong('Use at most two decimals.')
  const [least, most] = [minimum[currency], maximum[currency]]
  const words = (value: number) => formatMoney(fromDecimal(value), currency)
  if (amount < least) throw wrong(`The smallest amount is ${words(least)}.`)
  if (amount > most) throw wrong(`The largest amount is ${words(most)}; order several times.`)
  const baseMicros = fromDecimal(amount)
  const tax = taxFor(country)
  return { package: null, currency, baseMicros, taxMicros: taxOf(baseMicros, tax), tax }
}

/** What is paid, in micro-units. */
export const totalOf = (order: { readonly base_micros: number; readonly tax_micros: number }) =>
  order.base_micros + order.tax_micros

/**
 * How much of a refund is tax and how much credits. Worked out from all that was refunded so far, so that
 * rounding never adds up: what is refunded altogether is the base and the tax exactly.
 */
export function splitRefund(
  order: {
    readonly base_micros: number
    readonly tax_micros: number
    readonly refunded_micros: number
    readonly refunded_tax_micros: number
  },
  micros: number,
): { credits: number; tax: number } {
  const total = totalOf(order)
  const refunded = order.refunded_micros + micros
  // In whole numbers: the product of two amounts is beyond what a number holds exactly.
  const taxSoFar = Number((BigInt(order.tax_micros) * BigInt(refunded)) / BigInt(total))
  const tax = Math.min(micros, Math.max(0, taxSoFar - order.refunded_tax_micros))
  return { credits: micros - tax, tax }
}
