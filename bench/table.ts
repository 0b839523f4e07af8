/** What was measured, and how people read it: one line each, with the floor and the ratio beside it. */
import type { Summary } from './statistics.ts'

export type Unit = 's' | 'ms' | 'requests/s' | 'entries/s' | 'MB' | 'KB'

export type Measured = {
  readonly figure: string
  readonly unit: Unit
  readonly value: Summary
  /** What this host needs for the same without us; null where there is no such thing. */
  readonly floor: (Summary & { readonly what: string }) | null
  /** What one should know to read the number. */
  readonly note?: string
}

export type Skipped = { readonly figure: string; readonly skipped: string }

export type Row = Measured | Skipped

const headings = ['', 'median', 'min – max', 'n', 'floor', 'min – max', 'ratio', 'the floor is']
const textColumns = new Set([0, 7])

/** Columns are aligned; skipped figures and notes follow as sentences. */
export function renderTable(rows: readonly Row[]): string {
  const measured = rows.filter((row) => 'value' in row)
  const lines = [headings, ...measured.map(cells)]
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const aligned = lines.map((line) =>
    line
      .map((cell, column) =>
        textColumns.has(column)
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  const remarks = rows.flatMap((row) => {
    if ('skipped' in row) return [`Skipped: ${row.figure}. ${row.skipped}`]
    return row.note === undefined ? [] : [`${row.figure}: ${row.note}`]
  })
  return [...aligned, ...(remarks.length === 0 ? [] : ['', ...remarks])].join('\n')
}

function cells({ figure, unit, value, floor }: Measured): string[] {
  return [
    figure,
    `${show(value.median)} ${unit}`,
    range(value),
    String(value.n),
    floor === null ? '–' : `${show(floor.median)} ${unit}`,
    floor === null ? '–' : range(floor),
    floor === null ? '–' : `${show(value.median / floor.median)}×`,
    floor?.what ?? '',
  ]
}

const range = ({ min, max, n }: Summary) => (n === 1 ? '–' : `${show(min)} – ${show(max)}`)

/** Three digits say all that such a measurement knows. */
function show(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
