import { Link } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { Facts, Section } from '../ui/card.tsx'
import { type Currency, duration, money } from '../ui/format.ts'
import { Problem } from '../ui/panel.tsx'
import { useNow } from '../ui/time.tsx'
import { costSoFar, countedUntil, useBillingOf } from './cost.ts'

type Billing = Answer<'get', '/api/microvms/billing/'>

/** Of a microVM or of a snapshot, with the way to its records. */
export function Costs({
  id,
  now,
  columns,
}: {
  id: string
  /** What it costs now; null while that is not known. */
  now: (billing: Billing | undefined) => string | null
  columns?: 1 | 2
}) {
  const { data, dataUpdatedAt, error, refetch } = useBillingOf(id)
  const until = countedUntil(useNow(), dataUpdatedAt)
  return (
    <Section title="Costs">
      <Facts
        columns={columns ?? 1}
        facts={[
          ['Now', now(data)],
          [
            'So far',
            data && data.total > 0 ? (
              <SoFar key="so-far" id={id} billing={data} until={until} />
            ) : null,
          ],
        ]}
      />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
    </Section>
  )
}

function SoFar({ id, billing, until }: { id: string; billing: Billing; until: number }) {
  const { cost, seconds } = costSoFar(billing, until)
  return (
    <>
      {money(cost, billing.currency as Currency)} for {duration(seconds)} ·{' '}
      <Link to="/billing" search={{ kind: 'microvms', of: id }} className="text-accent underline">
        Records
      </Link>
    </>
  )
}
