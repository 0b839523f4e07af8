/** Quantities as people read them. */

/** Milliseconds: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`. */
export function humanDuration(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Bytes in steps of 1000: `512 B`, `4.2 MB`, `25.5 GB`. */
export function humanBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** `1 machine`, `3 machines`. */
export const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

/** UTC to the minute; `never` for null. */
export function humanTime(iso: string | null): string {
  if (iso === null) return 'never'
  return `${iso.slice(0, 16).replace('T', ' ')} UTC`
}

/** How long ago, or in how long: `just now`, `5 min ago`, `in 3 h`, `2 d ago`; `never` for null. */
export function humanAge(iso: string | null, now = Date.now()): string {
  if (iso === null) return 'never'
  const ms = now - Date.parse(iso)
  const minutes = Math.round(Math.abs(ms) / 60_000)
  if (minutes < 1) return ms < -1000 ? 'in a moment' : 'just now'
  const hours = Math.round(minutes / 60)
  const days = Math.round(hours / 24)
  const length = minutes < 60 ? `${minutes} min` : hours < 48 ? `${hours} h` : `${days} d`
  return ms > 0 ? `${length} ago` : `in ${length}`
}

/** `$0.01`, `€1,250.00`, `-$9.96`; small amounts with as many digits as they need, up to six. */
export function humanMoney(amount: number, currency: string): string {
  return new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    currencyDisplay: 'narrowSymbol',
    maximumFractionDigits: 6,
  }).format(amount)
}
