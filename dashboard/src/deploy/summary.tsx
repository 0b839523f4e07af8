import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { ApiError, wordsOf } from '../api/errors.ts'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { gigabytes, money, monthly } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import type { Flavor } from './use-offer.ts'

/** What will be made, what it costs, and the one button. */
export function Summary({
  flavor,
  source,
  keys,
  soldOut,
  submit,
  reason,
  pending,
  error,
  onDeploy,
}: {
  flavor: Flavor
  source: string | undefined
  keys: number
  /** What there is to do about it; nothing while there is room. */
  soldOut: ReactNode
  submit: string
  reason: string | null
  pending: boolean
  error: unknown
  onDeploy: () => void
}) {
  const { currency, billing_mode } = useMe()
  const balance = useQuery(reading('/api/balance/'))
  const hourly = flavor.prices[currency] ?? 0
  const left = balance.data?.balance.amount
  const short = billing_mode === 'prepaid' && left !== undefined && left < hourly
  return (
    <div className="xl:sticky xl:top-18 xl:self-start">
      <Section title="Summary">
        <Facts
          facts={[
            [
              'Machine',
              flavor.gpu_count > 0 ? `${flavor.gpu_count} × ${flavor.gpu_type}` : flavor.name,
            ],
            ['vCPUs', flavor.vcpus],
            ['RAM', gigabytes(flavor.ram_gb)],
            ['Disk', gigabytes(flavor.storage_gb)],
            ['Region', flavor.region],
            ['Boots from', source ?? 'nothing yet'],
            ['SSH keys', keys],
          ]}
        />
        <dl className="border-t border-hairline pt-3" aria-live="polite">
          <div className="flex items-baseline justify-between">
            <dt className="text-ink-3">Per hour</dt>
            <dd className="text-xl font-semibold">{money(hourly, currency)}</dd>
          </div>
          <div className="flex justify-between">
            <dt className="text-ink-3">Per minute</dt>
            <dd>{money(hourly / 60, currency, 4)}</dd>
          </div>
          <div className="flex justify-between">
            <dt className="text-ink-3">Per month</dt>
            <dd>{monthly(hourly, currency)}</dd>
          </div>
        </dl>
        {short && (
          <Notice tone="problem">
            {money(left, currency)} are left, and an hour costs {money(hourly, currency)}.{' '}
            <Link to={'/credits' as string} className="underline">
              Add credits
            </Link>
          </Notice>
        )}
        {soldOut}
        {error ? (
          <Notice tone="problem">
            {wordsOf(error)}
            {error instanceof ApiError && error.code === 'INSUFFICIENT_CREDITS' && (
              <>
                {' '}
                <Link to={'/credits' as string} className="underline">
                  Go to credits
                </Link>
              </>
            )}
          </Notice>
        ) : null}
        <Button look="primary" reason={reason} busy={pending && 'Deploying…'} onClick={onDeploy}>
          {submit}
        </Button>
        {reason && <p className="text-sm text-ink-3">{reason.replace(/\.$/, '')}.</p>}
      </Section>
    </div>
  )
}
