/** Where one was lately, for going back there by the palette; kept in this browser, for each account. */
type Visit = { readonly to: string; readonly words: string }

const most = 6
const name = (account: string) => `garrison-recent-${account}`

export function recent(account: string): readonly Visit[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(name(account)) ?? '[]')
    return Array.isArray(kept) ? kept.filter(isVisit) : []
  } catch {
    return []
  }
}

const isVisit = (value: unknown): value is Visit =>
  typeof value === 'object' &&
  value !== null &&
  'to' in value &&
  typeof value.to === 'string' &&
  value.to.startsWith('/') &&
  'words' in value &&
  typeof value.words === 'string'

export function remember(account: string, visit: Visit) {
  const others = recent(account).filter(({ to }) => to !== visit.to)
  localStorage.setItem(name(account), JSON.stringify([visit, ...others].slice(0, most)))
}
