/** Money is a whole number of millionths of a currency's unit; decimals exist at the edge only. */
import type { Currency } from '@garrison/contract/common'

const microsPerUnit = 1_000_000
export const microsPerCent = microsPerUnit / 100

export const fromDecimal = (amount: number) => Math.round(amount * microsPerUnit)
/** Payments know nothing smaller. */
export const isWholeCents = (amount: number) => fromDecimal(amount) % microsPerCent === 0

export const toDecimal = (micros: number) => micros / microsPerUnit

/** What the API shows as a rate per minute, from one per hour: 4 decimals, as published. */
export const perMinute = (hourlyMicros: number) => Math.round(hourlyMicros / 60 / 100) / 10_000

const symbols = { USD: '$', EUR: '€', INR: '₹' } as const satisfies Record<Currency, string>

/** `$150.25`; a negative balance shows as `-$1.00`. Parts of a cent are left out. */
export function formatMoney(micros: number, currency: Currency) {
  const cents = Math.trunc(micros / microsPerCent)
  const amount = (Math.abs(cents) / 100).toFixed(2)
  return `${cents < 0 ? '-' : ''}${symbols[currency]}${amount}`
}
