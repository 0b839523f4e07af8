import { useQuery } from '@tanstack/react-query'
import { Link, useRouterState } from '@tanstack/react-router'
import { CircleX, Info, TriangleAlert } from 'lucide-react'
import { ApiError } from '../api/errors.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { cx } from '../ui/cx.ts'
import { type Banner, bannersOf } from './banner-words.ts'
import { useRegion } from './region.ts'
import { useMe } from './session.ts'

/** In one line each, above the page, for as long as they are so. */
export function Banners() {
  const me = useMe()
  const region = useRegion()
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const balance = useQuery({
    ...reading('/api/balance/'),
    refetchInterval: () => pollWhenBroken() || 60_000,
  })
  const budget = useQuery({ ...reading('/api/account/budget/'), staleTime: 60_000 })
  const regions = useQuery({ ...reading('/api/regions/'), staleTime: 300_000 })
  const looked = regions.data?.regions.filter(({ name }) => region === '' || name === region) ?? []
  const banners = bannersOf({
    unreachable: isUnreachable(balance.error),
    balance: balance.data,
    budget: budget.data?.budget,
    readOnly: me.access === 'read-only',
    profileComplete: me.profile_complete,
    path,
    simulated: looked.length > 0 && looked.every(({ simulated }) => simulated),
  })
  if (banners.length === 0) return null
  return (
    <section aria-label="Notices" data-print="no">
      {banners.map((banner) => (
        <Stripe key={banner.key} banner={banner} />
      ))}
    </section>
  )
}

const isUnreachable = (error: unknown) =>
  error instanceof ApiError && (error.status === 0 || error.status >= 502)

const tones = {
  info: { Icon: Info, className: 'bg-sunken text-ink-2', mark: 'text-ink-3' },
  warning: { Icon: TriangleAlert, className: 'bg-warning-soft', mark: 'text-warning' },
  problem: { Icon: CircleX, className: 'bg-problem-soft', mark: 'text-problem' },
} as const

function Stripe({ banner: { tone, words, to, link } }: { banner: Banner }) {
  const { Icon, className, mark } = tones[tone]
  return (
    <div
      role={tone === 'problem' ? 'alert' : 'status'}
      className={cx('border-b border-hairline', className)}
    >
      <p className="mx-auto flex w-full max-w-336 items-start gap-2.5 px-4 py-2 md:px-6">
        <Icon aria-hidden className={cx('mt-0.5 size-4 shrink-0', mark)} />
        <span className="min-w-0">
          {words}{' '}
          {to && (
            <Link to={to} className="whitespace-nowrap font-medium text-accent underline">
              {link}
            </Link>
          )}
        </span>
      </p>
    </div>
  )
}
