import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { LogOut, Monitor, Moon, Search, Sun, UserRound } from 'lucide-react'
import { useState } from 'react'
import { pollWhenBroken, useLine } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { IconButton } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'
import { duration, money } from '../ui/format.ts'
import { Menu } from '../ui/menu.tsx'
import { setTheme } from '../ui/theme.ts'
import { Tooltip } from '../ui/tooltip.tsx'
import { Breadcrumb } from './breadcrumb.tsx'
import { RegionFilter } from './region-filter.tsx'
import { signOut, useMe } from './session.ts'

/** Where you are; region; command palette; whether the page is live; what is left to spend. */
export function TopBar({ onPalette }: { onPalette: () => void }) {
  return (
    <header
      data-shell
      className="sticky top-0 z-10 flex h-12 items-center pointer-coarse:h-14 gap-2 border-b border-hairline bg-paper/95 px-4 backdrop-blur-sm md:px-6"
    >
      <Breadcrumb />
      <RegionFilter />
      <button
        type="button"
        onClick={onPalette}
        className="inline-flex h-8 shrink-0 items-center gap-2 whitespace-nowrap rounded-md border border-hairline bg-raised px-2.5 text-ink-3 hover:bg-hover"
      >
        <Search aria-hidden className="size-4" />
        <span className="sr-only lg:not-sr-only">Go to …</span>
        <kbd className="hidden text-xs lg:inline">Ctrl K</kbd>
      </button>
      <LiveDot />
      <Balance />
      <You />
    </header>
  )
}

const lines = {
  live: { words: 'Live: changes show by themselves', className: 'bg-running' },
  connecting: { words: 'Connecting …', className: 'bg-ink-4' },
  broken: {
    words: 'The connection is lost; asking every few seconds until it is back',
    className: 'bg-warning',
  },
} as const

function LiveDot() {
  const line = useLine()
  const { words, className } = lines[line]
  return (
    <Tooltip words={words}>
      <button
        type="button"
        aria-label={words}
        className="inline-flex size-6 items-center justify-center"
      >
        <span
          className={cx('size-2', line === 'broken' ? 'rotate-45' : 'rounded-full', className)}
        />
      </button>
    </Tooltip>
  )
}

function Balance() {
  const { data } = useQuery({
    ...reading('/api/balance/'),
    refetchInterval: () => pollWhenBroken() || 60_000,
  })
  const me = useMe()
  if (data === undefined) return null
  const left = data.estimated_hours_left
  return (
    <Link
      to={'/credits' as string}
      className="hidden whitespace-nowrap rounded-md px-2 py-1 hover:bg-hover sm:block"
    >
      <span className={cx('font-medium', data.low_balance && 'text-problem')}>
        {money(data.balance.amount, me.currency)}
      </span>
      {left !== null && (
        <span className="hidden text-ink-3 lg:inline"> · {duration(left * 3600)} left</span>
      )}
    </Link>
  )
}

function You() {
  const me = useMe()
  const navigate = useNavigate()
  const [leaving, setLeaving] = useState(false)
  return (
    <Menu
      trigger={
        <IconButton
          name={me.person?.name || me.name}
          icon={<UserRound aria-hidden className="size-4" />}
        />
      }
      actions={[
        {
          words: `Profile of ${me.name}`,
          onClick: () => void navigate({ to: '/profile' as string }),
        },
        'line',
        {
          words: 'Light',
          icon: <Sun aria-hidden className="size-4" />,
          onClick: () => setTheme('light'),
        },
        {
          words: 'Dark',
          icon: <Moon aria-hidden className="size-4" />,
          onClick: () => setTheme('dark'),
        },
        {
          words: 'As the system',
          icon: <Monitor aria-hidden className="size-4" />,
          onClick: () => setTheme('system'),
        },
        'line',
        {
          words: leaving ? 'Signing out …' : 'Sign out',
          icon: <LogOut aria-hidden className="size-4" />,
          onClick: () => {
            setLeaving(true)
            void signOut()
          },
        },
      ]}
    />
  )
}
