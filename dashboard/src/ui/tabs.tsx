import { type LinkProps, useLinkProps, useRouterState } from '@tanstack/react-router'
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { cx } from './cx.ts'
import { fadedAt, useHiddenSides } from './side-scroll.ts'

export type Tab = Pick<LinkProps, 'to' | 'params' | 'search'> & {
  words: string
  /** For tabs that differ in more than their path; left out, the path decides. */
  active?: boolean
}

/**
 * Tabs are addresses: they can be reloaded, shared, and gone back from. Those that have no room fade out at
 * the edge, beside an arrow that leads there; the current one is always in sight.
 */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  const row = useRef<HTMLElement>(null)
  const sides = useHiddenSides(row)
  const at = useRouterState({ select: ({ location }) => location.href })
  // biome-ignore lint/correctness/useExhaustiveDependencies: another address is another current tab
  useEffect(() => {
    const current = row.current?.querySelector<HTMLElement>('[aria-current=page]')
    if (!row.current || !current) return
    const { left, width } = current.getBoundingClientRect()
    const own = row.current.getBoundingClientRect()
    row.current.scrollLeft += left + width / 2 - (own.left + own.width / 2)
  }, [at])
  return (
    <div className="relative -mx-4 border-b border-hairline md:mx-0">
      <nav
        ref={row}
        aria-label={label}
        className={cx(
          '-mb-px overflow-x-auto scroll-px-12 px-4 [scrollbar-width:none] md:px-0',
          fadedAt(sides),
        )}
      >
        <ul className="flex w-max gap-1">
          {tabs.map((tab) => (
            <li key={tab.words}>
              <TabLink {...tab} />
            </li>
          ))}
        </ul>
      </nav>
      {sides.before && <Arrow row={row} to={-1} />}
      {sides.after && <Arrow row={row} to={1} />}
    </div>
  )
}

function TabLink({ words, active, ...link }: Tab) {
  const props = useLinkProps({ ...link, activeOptions: { exact: true, includeSearch: false } })
  const current = active ?? props['aria-current'] === 'page'
  return (
    <a
      {...props}
      aria-current={current ? 'page' : undefined}
      className={cx(
        'inline-flex h-9 items-center whitespace-nowrap border-b-2 px-2.5 outline-offset-[-2px] pointer-coarse:h-11',
        current
          ? 'border-accent font-medium text-ink'
          : 'border-transparent text-ink-2 hover:text-ink',
      )}
    >
      {words}
    </a>
  )
}

/** For fingers and pointers alone: the keyboard reaches each tab, which then comes into sight. */
function Arrow({ row, to }: { row: React.RefObject<HTMLElement | null>; to: -1 | 1 }) {
  const Icon = to < 0 ? ChevronLeft : ChevronRight
  return (
    <button
      type="button"
      aria-hidden
      tabIndex={-1}
      onClick={() =>
        row.current?.scrollBy({ left: to * row.current.clientWidth * 0.7, behavior: 'smooth' })
      }
      className={cx(
        'absolute inset-y-0 flex w-9 items-center text-ink-3 hover:text-ink',
        to < 0 ? 'left-0 justify-start pl-1' : 'right-0 justify-end pr-1',
      )}
    >
      <Icon className="size-4" />
    </button>
  )
}
