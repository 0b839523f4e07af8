/** Numbers, money, sizes and times as people read them. */

export type Currency = 'USD' | 'EUR' | 'INR'

const formats = new Map<string, Intl.NumberFormat>()
function moneyFormat(currency: Currency, digits: number, most: number) {
  const name = `${currency}${digits}-${most}`
  const known = formats.get(name)
  if (known !== undefined) return known
  const made = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    minimumFractionDigits: digits,
    maximumFractionDigits: most,
  })
  formats.set(name, made)
  return made
}

/** Two decimals; four, and then up to six, where it would read as nothing. */
export function money(amount: number, currency: Currency, digits?: number): string {
  const shown = digits ?? (amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2)
  const most = digits === undefined && amount !== 0 && Math.abs(amount) < 0.001 ? 6 : shown
  return moneyFormat(currency, shown, most).format(amount)
}

/** `$2.49/h · $0.0415/min`. */
export function rate(hourly: number, currency: Currency) {
  const minute = hourly / 60
  const small = minute !== 0 && minute < 0.0001
  return `${money(hourly, currency)}/h · ${money(minute, currency, small ? undefined : 4)}/min`
}

const hoursPerMonth = 730
export const monthly = (hourly: number, currency: Currency) =>
  money(hourly * hoursPerMonth, currency, 2)

const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
export const number = (value: number) => plain.format(value)

/** GB as 10^9 bytes; TB from 1,000 on. */
export const gigabytes = (gb: number) =>
  gb >= 1000 ? `${plain.format(gb / 1000)} TB` : `${plain.format(gb)} GB`

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3))
  return `${plain.format(count / 1000 ** step)} ${units[step]}`
}

export const plural = (count: number, one: string, many = `${one}s`) =>
  `${number(count)} ${count === 1 ? one : many}`

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })
const steps = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const

/** "3 min. ago", "in 2 days". */
export function ago(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000
  for (const [unit, length] of steps) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit)
  }
  return Math.abs(seconds) < 5 ? 'just now' : relative.format(Math.trunc(seconds), 'second')
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
export const localTime = (at: Date) => exact.format(at)
/** `2026-01-10 09:00:00 UTC`. */
export const utcTime = (at: Date) => `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** "4 d 3 h", "12 min": two units at most. */
export function duration(seconds: number): string {
  const parts: string[] = []
  let rest = Math.max(0, Math.round(seconds))
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / length)
    if (count > 0) parts.push(`${count} ${unit}`)
    rest -= count * length
    if (parts.length === 2) break
  }
  return parts.join(' ') || '0 s'
}
