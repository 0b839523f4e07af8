import type { ReactNode } from 'react'
import { cx } from './cx.ts'

/** Three beside each other on a desktop, which is where the whole sidebar is; one on phones and tablets. */
export const CardGrid = ({ label, children }: { label: string; children: ReactNode }) => (
  <ul aria-label={label} className="grid grid-cols-1 gap-4 xl:grid-cols-3">
    {children}
  </ul>
)

/** One thing of a list whose pages are cards. */
export function Card({
  title,
  mark,
  status,
  children,
  actions,
}: {
  title: ReactNode
  mark?: ReactNode
  status?: ReactNode
  children?: ReactNode
  /** Buttons, at the lower edge. */
  actions?: ReactNode
}) {
  return (
    <li className="flex min-w-0 flex-col rounded-md border border-hairline bg-raised">
      <div className="flex items-start gap-2 px-4 pt-3.5">
        {mark && <span className="mt-0.5 text-ink-3">{mark}</span>}
        <h3 className="min-w-0 grow font-semibold leading-snug">{title}</h3>
        <span className="shrink-0">{status}</span>
      </div>
      <div className="grow px-4 py-3">{children}</div>
      {actions && (
        <div className="flex flex-wrap items-center gap-2 border-t border-hairline px-4 py-2.5">
          {actions}
        </div>
      )}
    </li>
  )
}

/** A region of a page with a heading of its own; lines separate, no box. */
export function Section({
  title,
  aside,
  children,
  className,
}: {
  title: string
  aside?: ReactNode
  children: ReactNode
  className?: string
}) {
  return (
    <section aria-label={title} className={cx('flex flex-col gap-3', className)}>
      <div className="flex min-h-(--control) flex-wrap items-center gap-x-4 gap-y-2 border-b border-hairline pb-1.5">
        <h2 className="grow text-lg">{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  )
}

/** Names and values, in two columns that line up. */
export function Facts({
  facts,
  columns = 1,
}: {
  /** A value that is null or undefined is left out. */
  facts: readonly (readonly [name: string, value: ReactNode])[]
  /** `card`: two where a card has the page to itself and room for them, which is on a tablet. */
  columns?: 1 | 2 | 'card'
}) {
  return (
    <dl
      className={cx(
        'grid gap-x-8',
        columns === 2 && 'md:grid-cols-2',
        columns === 'card' && 'md:grid-cols-2 xl:grid-cols-1',
      )}
    >
      {facts
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => (
          <div
            key={name}
            className="grid grid-cols-[minmax(6.5rem,min(28%,11rem))_minmax(0,1fr)] items-baseline gap-3 py-1"
          >
            <dt className="text-ink-3">{name}</dt>
            <dd className="min-w-0">{value}</dd>
          </div>
        ))}
    </dl>
  )
}

/** Numbers over a list: what there is, at one look. */
export function Stats({
  stats,
}: {
  stats: readonly (readonly [name: string, value: ReactNode])[]
}) {
  return (
    <dl
      className={cx(
        'grid border-b border-hairline sm:flex sm:flex-wrap',
        stats.length > 4 && stats.every(([, value]) => typeof value === 'number')
          ? 'grid-cols-3'
          : 'grid-cols-2',
      )}
    >
      {stats.map(([name, value]) => (
        <div
          key={name}
          className="flex flex-col-reverse justify-end py-3 pr-4 sm:min-w-32 sm:grow sm:pr-6 sm:border-l sm:border-hairline sm:pl-5 sm:first:border-l-0 sm:first:pl-0"
        >
          <dt className="text-sm text-ink-3">{name}</dt>
          <dd className="text-xl font-semibold">{value}</dd>
        </div>
      ))}
    </dl>
  )
}
