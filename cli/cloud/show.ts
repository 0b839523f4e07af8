/** Answers of the API for people: a table of many, or all that is known of one. `--json` is the API's own. */
import { humanAge, humanMoney } from '../units.ts'
import type { Cloud } from './cloud.ts'

/** Heading, and what stands below it; `right`: numbers. */
export type Column<Row> = readonly [
  heading: string,
  cell: (row: Row, cloud: Cloud) => string | number | null,
  align?: 'right',
]

export async function showList<Row>(
  cloud: Cloud,
  rows: AsyncIterable<Row> | Iterable<Row>,
  { columns, none, limit }: { columns: readonly Column<Row>[]; none: string; limit?: number },
) {
  const { terminal, json } = cloud
  const all: Row[] = []
  for await (const row of rows) {
    if (limit !== undefined && all.length >= limit) break
    all.push(row)
  }
  if (json) return terminal.printJson(all)
  if (all.length === 0) return terminal.note(none)
  const heads = columns.map(([heading]) => terminal.style('dim', heading))
  const right = columns.flatMap(([, , align], index) => (align === 'right' ? [index] : []))
  const cells = all.map((row) =>
    columns.map(([heading, cell]) => {
      const value = cell(row, cloud)
      const text = value === null || value === '' ? '–' : String(value)
      return heading === 'STATUS' || heading === 'STATE' ? inColour(cloud, text) : text
    }),
  )
  terminal.table([heads, ...cells], { right })
}

const bad = /^(error|failed|unhealthy)$/i
const good = /^(active|success|available|in-use|done|succeeded|healthy|completed|ready)$/i
const atRest = /^(shutoff|hibernated|deleted|cancelled|expired|none|suspended|terminated)$/i

function inColour({ terminal }: Cloud, status: string) {
  if (bad.test(status)) return terminal.style('red', status)
  if (good.test(status)) return terminal.style('green', status)
  return atRest.test(status) ? terminal.style('dim', status) : terminal.style('yellow', status)
}

/** Every field, in the order in which the API gives them. */
export function showThing(cloud: Cloud, thing: object) {
  const { terminal, json } = cloud
  if (json) terminal.printJson(thing)
  else terminal.table(fieldsOf(cloud, thing, ''))
}

function fieldsOf(cloud: Cloud, thing: object, indent: string): string[][] {
  return Object.entries(thing).flatMap(([key, value]) => {
    const label = indent + cloud.terminal.style('dim', key.replaceAll('_', ' '))
    if (Array.isArray(value)) return [[label, value.map(inALine).join(', ') || '–']]
    if (typeof value === 'object' && value !== null) {
      return [[label, ''], ...fieldsOf(cloud, value, `${indent}  `)]
    }
    return [[label, fieldText(cloud, key, value, thing)]]
  })
}

function fieldText(cloud: Cloud, key: string, value: unknown, of: object): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string' && /_at$|_time$|_until$/.test(key))
    return `${humanAge(value)} (${value})`
  if (key === 'status' || key === 'state') return inColour(cloud, String(value))
  const currency = 'currency' in of ? String(of.currency) : null
  if (typeof value === 'number' && currency !== null && /rate|cost|amount/.test(key)) {
    return humanMoney(value, currency)
  }
  return String(value)
}

/** What a thing within a thing is called. */
function inALine(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  const { name, vm_name, volume_name, id, instance_id } = value as Record<string, unknown>
  const called = name ?? vm_name ?? volume_name
  const known = id ?? instance_id
  if (called === undefined && known === undefined) return JSON.stringify(value)
  return called === undefined || known === undefined
    ? String(called ?? known)
    : `${called} (${known})`
}
