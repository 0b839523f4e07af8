import { Link, type LinkProps } from '@tanstack/react-router'
import { cx } from './cx.ts'

export type Tab = LinkProps & {
  words: string
  /** For tabs that differ in more than their path; left out, the path decides. */
  active?: boolean
}

const look =
  '-mb-px inline-flex h-9 items-center whitespace-nowrap border-b-2 border-transparent px-2.5 text-ink-2 hover:text-ink'
const current = 'border-accent! font-medium text-ink'

/** Tabs are addresses: they can be reloaded, shared, and gone back from. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  return (
    <nav
      aria-label={label}
      className="-mx-4 overflow-x-auto border-b border-hairline px-4 md:mx-0 md:px-0"
    >
      <ul className="flex gap-1">
        {tabs.map(({ words, active, ...link }) => (
          <li key={words}>
            <Link
              {...link}
              activeOptions={{ exact: true, includeSearch: false }}
              className={cx(look, active && current)}
              activeProps={active === undefined ? { className: current } : {}}
            >
              {words}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
