import { Link, useMatches } from '@tanstack/react-router'
import { ChevronLeft } from 'lucide-react'
import { cx } from '../ui/cx.ts'
import { useTitle } from './title.ts'

/**
 * Where you are: what stands above the page, and the page. On a phone, whose heading stands right below, only
 * the way back. A route says its name with `staticData: { words }`, and what it is under with `under`.
 */
export function Breadcrumb() {
  const title = useTitle()
  const places = useMatches().flatMap(({ staticData: { words, under } }) =>
    words === undefined ? [] : [{ words, under }],
  )
  const last = places.at(-1)
  if (last === undefined) return <span className="grow" />
  const groups = places.slice(0, -1).map(({ words }) => words)
  const above = last.under
  return (
    <nav aria-label="Where you are" className="min-w-0 grow">
      <ol className="flex items-center gap-1.5 overflow-hidden whitespace-nowrap text-ink-3">
        {groups.map((words) => (
          <li key={words} className="hidden items-center gap-1.5 sm:flex">
            {words} <span aria-hidden>/</span>
          </li>
        ))}
        {above && (
          <li className="flex min-w-0 items-center gap-1.5 sm:shrink-0">
            <Link
              to={above.to as string}
              className="inline-flex h-(--control) min-w-0 items-center gap-0.5 hover:text-ink"
            >
              <ChevronLeft aria-hidden className="-ml-1 size-4 shrink-0 sm:hidden" />
              <span className="truncate">{above.words}</span>
            </Link>
            <span aria-hidden className="hidden sm:inline">
              /
            </span>
          </li>
        )}
        <li className={cx('min-w-0', above ? 'hidden sm:block' : 'block')}>
          <span aria-current="page" className="block truncate text-ink-2">
            {above ? title : last.words}
          </span>
        </li>
      </ol>
    </nav>
  )
}
