import { type ReactNode, useRef } from 'react'
import { cx } from './cx.ts'
import { fadedAt, useHiddenSides } from './side-scroll.ts'

export type Column<Row> = {
  readonly key: string
  readonly head: ReactNode
  readonly cell: (row: Row) => ReactNode
  /** Numbers stand at the right, so that their digits line up. */
  readonly numeric?: boolean
  /** Left out on narrow screens, where the row would not fit; its details say it. */
  readonly from?: 'sm' | 'md' | 'lg' | 'xl'
  readonly className?: string
}

const from = {
  sm: 'hidden sm:table-cell',
  md: 'hidden md:table-cell',
  lg: 'hidden lg:table-cell',
  xl: 'hidden xl:table-cell',
}

/** Rows of one kind. The head stays in sight; wide tables scroll inside themselves. */
export function Table<Row>({
  label,
  columns,
  rows,
  rowKey,
  selected,
}: {
  /** What the rows are, for those who hear the page. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  selected?: (row: Row) => boolean
}) {
  const around = useRef<HTMLElement>(null)
  const sides = useHiddenSides(around)
  const shown = (column: Column<Row>) =>
    cx(
      column.from && from[column.from],
      column.numeric && 'whitespace-nowrap text-right',
      column.className,
    )
  return (
    <section
      ref={around}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
      className={cx('-mx-4 overflow-x-auto px-4 md:mx-0 md:px-0', fadedAt(sides))}
    >
      <table className="w-full border-collapse">
        <thead>
          <tr className="border-b border-hairline text-left text-sm text-ink-3">
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={cx('h-9 whitespace-nowrap pr-4 font-medium last:pr-0', shown(column))}
              >
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr
              key={rowKey(row)}
              className={cx(
                'border-b border-hairline transition-colors hover:bg-hover/60',
                selected?.(row) && 'bg-accent-soft/60',
              )}
            >
              {columns.map((column, index) => (
                <td
                  key={column.key}
                  className={cx(
                    'h-10 py-1 pr-4 last:pr-0',
                    // Names may break anywhere; a word beside them keeps its letters together.
                    index > 0 && 'wrap-break-word',
                    shown(column),
                  )}
                >
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
