import { Link, type LinkProps } from '@tanstack/react-router'

/** Tabs are addresses: they can be reloaded, shared, and gone back from. */
export function Tabs({
  label,
  tabs,
}: {
  label: string
  tabs: readonly (LinkProps & { words: string })[]
}) {
  return (
    <nav
      aria-label={label}
      className="-mx-4 overflow-x-auto border-b border-hairline px-4 md:mx-0 md:px-0"
    >
      <ul className="flex gap-1">
        {tabs.map(({ words, ...link }) => (
          <li key={words}>
            <Link
              {...link}
              activeOptions={{ exact: true, includeSearch: false }}
              className="-mb-px inline-flex h-9 items-center whitespace-nowrap border-b-2 border-transparent px-2.5 text-ink-2 hover:text-ink"
              activeProps={{ className: 'border-accent! font-medium text-ink' }}
            >
              {words}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
