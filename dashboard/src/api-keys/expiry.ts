/** Until when a key works, as it is chosen. */

const dayMs = 86_400_000

export type Expiry = '7' | '30' | '90' | '365' | 'day' | 'never'

export const expiries: readonly { value: Expiry; words: string }[] = [
  { value: '7', words: 'In 7 days' },
  { value: '30', words: 'In 30 days' },
  { value: '90', words: 'In 90 days' },
  { value: '365', words: 'In a year' },
  { value: 'day', words: 'On a day …' },
  { value: 'never', words: 'Never' },
]

/** Null: never. A day counts to its end, where the browser is. */
export function expiryAt(expiry: Expiry, day: string, now: Date): Date | null {
  if (expiry === 'never') return null
  if (expiry !== 'day') return new Date(now.getTime() + Number(expiry) * dayMs)
  const end = new Date(`${day}T23:59:59`)
  return Number.isNaN(end.getTime()) ? null : end
}

export function expiryProblem(expiry: Expiry, day: string, now: Date): string | null {
  if (expiry !== 'day') return null
  const end = expiryAt(expiry, day, now)
  if (end === null) return 'Choose a day.'
  if (end <= now) return 'Choose today or a later day.'
  return end.getFullYear() > 9999 ? 'Choose an earlier day.' : null
}
