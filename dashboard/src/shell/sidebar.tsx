import { Link, useRouterState } from '@tanstack/react-router'
import { Menu as MenuIcon } from 'lucide-react'
import { useState } from 'react'
import { cx } from '../ui/cx.ts'
import { Dialog } from '../ui/dialog.tsx'
import { type Group, groupsFor, phonePlaces } from './navigation.ts'
import { useMe } from './session.ts'

const link =
  'flex h-8 items-center gap-2.5 rounded-md px-2.5 text-ink-2 transition-colors hover:bg-hover hover:text-ink pointer-coarse:h-11'
const here = { className: 'bg-accent-soft font-medium text-accent! hover:bg-accent-soft' }

/** 232 px with words; icons alone below 1,200 px; a bar along the lower edge of a phone. */
export function Sidebar() {
  const groups = groupsFor(useMe().role)
  return (
    <>
      <nav
        aria-label="Main"
        className="sticky top-0 hidden h-dvh w-14 shrink-0 flex-col overflow-y-auto border-r border-hairline bg-sunken/60 px-2 py-3 md:flex xl:w-58 xl:px-3"
      >
        <Link
          to="/"
          className="mb-3 flex h-8 shrink-0 items-center gap-2.5 px-2 xl:px-2.5"
          aria-label="Garrison"
        >
          <Logo />
          <span className="hidden text-lg font-semibold tracking-tight xl:inline">Garrison</span>
        </Link>
        <Groups groups={groups} collapses />
      </nav>
      <PhoneBar groups={groups} />
    </>
  )
}

function Groups({
  groups,
  collapses = false,
  beside = false,
  onGo,
}: {
  groups: readonly Group[]
  collapses?: boolean
  /** Two in a row, so that a phone shows them all with little scrolling. */
  beside?: boolean
  onGo?: () => void
}) {
  return groups.map((group, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the groups never change their order
    <div key={index} className="mb-3">
      {group.words && (
        <p className={cx('px-2.5 pb-1 text-xs text-ink-3', collapses && 'hidden xl:block')}>
          {group.words}
        </p>
      )}
      <ul className={cx(beside && 'grid grid-cols-2 gap-x-2')}>
        {group.places.map(({ to, words, Icon }) => (
          <li key={to}>
            <Link
              to={to}
              title={words}
              activeOptions={{ exact: to === '/' }}
              className={link}
              activeProps={here}
              {...(onGo === undefined ? {} : { onClick: onGo })}
            >
              <Icon aria-hidden className="size-4 shrink-0" />
              <span className={cx(collapses && 'sr-only xl:not-sr-only')}>{words}</span>
            </Link>
          </li>
        ))}
      </ul>
    </div>
  ))
}

function PhoneBar({ groups }: { groups: readonly Group[] }) {
  const [open, setOpen] = useState(false)
  const at = useRouterState({ select: ({ location }) => location.pathname })
  const places = groups.flatMap((group) => group.places)
  const inBar = phonePlaces.some((to) => (to === '/' ? at === to : isWithin(at, to)))
  const item =
    'flex h-14 grow basis-0 flex-col items-center justify-center gap-0.5 text-xs text-ink-2'
  const current = 'text-accent! font-medium'
  return (
    <nav
      aria-label="Main, short"
      className="fixed inset-x-0 bottom-0 z-20 flex border-t border-hairline bg-raised pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {phonePlaces.map((to) => {
        const place = places.find((each) => each.to === to)
        if (place === undefined) return null
        return (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === '/' }}
            className={item}
            activeProps={{ className: current }}
          >
            <place.Icon aria-hidden className="size-5" />
            {place.words}
          </Link>
        )
      })}
      <button
        type="button"
        aria-haspopup="dialog"
        className={cx(item, !inBar && current)}
        onClick={() => setOpen(true)}
      >
        <MenuIcon aria-hidden className="size-5" />
        More
      </button>
      <Dialog title="Go to" open={open} onClose={() => setOpen(false)}>
        <div className="overflow-y-auto px-3 py-3">
          <Groups groups={groups} beside onGo={() => setOpen(false)} />
        </div>
      </Dialog>
    </nav>
  )
}

const isWithin = (path: string, place: string) => path === place || path.startsWith(`${place}/`)

export const Logo = () => (
  <svg aria-hidden viewBox="0 0 32 32" className="size-6 shrink-0 text-accent">
    <path fill="currentColor" d="M4 6h6v4h4V6h4v4h4V6h6v13c0 5-5 8-12 10C9 27 4 24 4 19z" />
  </svg>
)
