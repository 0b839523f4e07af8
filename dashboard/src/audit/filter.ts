/** From what the address of the page says to what the API is asked. */

const dayPattern = /^\d{4}-\d{2}-\d{2}$/

export function dayOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !dayPattern.test(value)) return undefined
  return Number.isNaN(new Date(`${value}T00:00:00`).getTime()) ? undefined : value
}

const startOf = (day: string) => new Date(`${day}T00:00:00`)

/** The first moment of the day after: the API's end is not included. */
function endOf(day: string) {
  const end = startOf(day)
  end.setDate(end.getDate() + 1)
  return end
}

export const queryOf = (filter: {
  action?: string | undefined
  actor?: string | undefined
  subject?: string | undefined
  from?: string | undefined
  to?: string | undefined
}) => ({
  action: filter.action,
  actor: filter.actor,
  subject: filter.subject,
  from: filter.from && startOf(filter.from).toISOString(),
  to: filter.to && endOf(filter.to).toISOString(),
})

export type Change = { field: string; before: string | null; after: string | null }

const shown = (value: unknown): string | null => {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

type Fields = Readonly<Record<string, unknown>> | null

/** Field by field, in the order of what is there now; what was not there has no value. */
export function changesOf(before: Fields, after: Fields): Change[] {
  const fields = new Set([...Object.keys(after ?? {}), ...Object.keys(before ?? {})])
  return [...fields].map((field) => ({
    field,
    before: shown(before?.[field]),
    after: shown(after?.[field]),
  }))
}
