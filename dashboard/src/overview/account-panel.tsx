import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { reading } from '../api/queries.ts'
import { signOut, useMe } from '../shell/session.ts'
import { Facts, Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { duration, money } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { tellProblem } from '../ui/toast.tsx'

/** Who you are here, what is left, and what there is to do about it. */
export function AccountPanel() {
  const me = useMe()
  const balance = useQuery({ ...reading('/api/balance/'), refetchInterval: 60_000 })
  const charged = me.billing_mode !== 'off'
  const budget = useQuery({
    ...reading('/api/account/budget/'),
    staleTime: 60_000,
    enabled: charged,
  }).data?.budget
  const taxNumber = useQuery(reading('/api/account/profile/')).data?.profile.tax_id
  const left = balance.data?.estimated_hours_left
  return (
    <Section title="Account">
      {balance.data && (
        <div>
          <p className="text-2xl font-semibold">
            {money(balance.data.balance.amount, me.currency)}
          </p>
          <p className="text-ink-3">
            {!charged
              ? 'Nothing is charged here'
              : left === null || left === undefined
                ? 'Nothing is being charged right now'
                : `lasts ${duration(left * 3600)} as things run now`}
          </p>
        </div>
      )}
      {balance.data?.low_balance && (
        <Notice tone="problem">
          Credits run out. Instances will be hibernated, and microVMs suspended.
        </Notice>
      )}
      {!me.profile_complete && (
        <Notice tone="warning">
          The profile is not complete; credits, volumes and snapshots need it.
        </Notice>
      )}
      <Facts
        facts={[
          ['Barrack ID', <Copyable key="id" text={me.id} name="Copy Barrack ID" />],
          ['Name', me.name],
          ['E-mail', me.person?.email ?? me.email],
          ['Role', me.role],
          ['Currency', me.currency],
          ['This month', budget && `${money(budget.used, me.currency)} so far`],
          ['By its end', budget && money(budget.forecast, me.currency)],
          ['GST or VAT', taxNumber === null ? 'none given' : taxNumber],
        ]}
      />
      <p className="flex flex-wrap gap-x-4 gap-y-1">
        {(
          [
            ['Credits', '/credits'],
            ['Billing', '/billing'],
            ['Profile and tax number', '/profile'],
          ] as const
        ).map(([words, to]) => (
          <Link key={to} to={to as string} className="text-accent hover:underline">
            {words}
          </Link>
        ))}
        <button
          type="button"
          className="text-accent hover:underline"
          onClick={() => void signOut().catch(tellProblem)}
        >
          Sign out
        </button>
      </p>
    </Section>
  )
}
