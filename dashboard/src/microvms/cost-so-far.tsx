import { Link } from '@tanstack/react-router'
import { type Currency, duration, money } from '../ui/format.ts'
import { useNow } from '../ui/time.tsx'
import { costSoFar, type useBillingOf } from './cost.ts'

/** Of a microVM or of a snapshot, with the way to its records. */
export function CostSoFar({
  id,
  billing,
}: {
  id: string
  billing: NonNullable<ReturnType<typeof useBillingOf>>
}) {
  const { cost, seconds } = costSoFar(billing, useNow())
  return (
    <>
      {money(cost, billing.currency as Currency)} for {duration(seconds)} ·{' '}
      <Link to="/billing" search={{ kind: 'microvms', of: id }} className="text-accent underline">
        Records
      </Link>
    </>
  )
}
