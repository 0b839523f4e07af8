/** What was used, what it cost, what the month comes to, and where it ends. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button } from '../ui/button.tsx'
import { Section, Stats } from '../ui/card.tsx'
import { SelectField, TextField } from '../ui/fields.tsx'
import { duration, money } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { Time } from '../ui/time.tsx'
import { BudgetDialog } from './budget-dialog.tsx'
import { recordsCall } from './call.ts'
import { Days } from './days.tsx'
import { RecordsTable } from './records-table.tsx'
import type { BillingSearch } from './routes.ts'

const tabs = [
  ['Instances', 'instances'],
  ['Snapshots', 'snapshots'],
  ['Volumes', 'volumes'],
  ['MicroVMs', 'microvms'],
] as const

const types = [
  { value: 'both', words: 'MicroVMs and snapshots' },
  { value: 'microvm', words: 'MicroVMs' },
  { value: 'microvm-snapshot', words: 'Snapshots of microVMs' },
] as const

export function BillingPage() {
  const search = useSearch({ from: '/shell/billing' })
  const navigate = useNavigate({ from: '/billing' })
  const { billing_mode } = useMe()
  const kind = search.kind ?? 'instances'
  const set = (change: BillingSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  return (
    <Page
      guide="billing-and-budgets"
      title="Billing"
      lead="Whole minutes, at the rate of the state that a thing was in; microVMs by the second."
      calls={[
        recordsCall(kind, search),
        { method: 'GET', path: '/api/account/budget/', command: 'garrison budget show' },
      ]}
      action={
        <Button onClick={() => print()} data-print="no">
          Print statement
        </Button>
      }
    >
      {billing_mode === 'off' ? (
        <Notice>
          Nothing is charged in this installation: the records show what things would cost.
        </Notice>
      ) : (
        <Month />
      )}
      <Section title="Records">
        <Tabs
          label="Records"
          tabs={tabs.map(([words, value]) => ({
            words,
            to: '/billing',
            search: { from: search.from, to: search.to, kind: value },
            active: kind === value,
          }))}
        />
        <div className="flex flex-wrap gap-3" data-print="no">
          <TextField
            label="From"
            type="date"
            value={search.from ?? ''}
            onValue={(from) => set({ from, page: undefined })}
          />
          <TextField
            label="To"
            type="date"
            value={search.to ?? ''}
            onValue={(to) => set({ to, page: undefined })}
          />
          {kind === 'microvms' && <OfWhat search={search} set={set} />}
        </div>
        <RecordsTable key={kind} kind={kind} search={search} onPage={(page) => set({ page })} />
      </Section>
    </Page>
  )
}

function OfWhat({
  search: { type, of },
  set,
}: {
  search: BillingSearch
  set: (change: BillingSearch) => void
}) {
  if (of !== undefined)
    return (
      <p className="flex flex-wrap items-center gap-x-2 self-end pb-1.5">
        Only <code className="text-sm">{of}</code>
        <button
          type="button"
          className="text-accent underline"
          onClick={() => set({ of: undefined, page: undefined })}
        >
          Show all
        </button>
      </p>
    )
  return (
    <SelectField
      label="Of"
      value={type ?? 'both'}
      choices={types}
      onValue={(chosen) => set({ type: chosen === 'both' ? undefined : chosen, page: undefined })}
    />
  )
}

function Month() {
  const { currency, role } = useMe()
  const budget = useQuery({ ...reading('/api/account/budget/'), refetchInterval: 60_000 })
  const balance = useQuery({ ...reading('/api/balance/'), refetchInterval: 60_000 })
  const [capping, setCapping] = useState(false)
  if (budget.data === undefined || balance.data === undefined) return null
  const { used, forecast, monthly_cap, reached, reaches_cap_at, days } = budget.data.budget
  const { burn_per_hour, runs_out_at } = balance.data
  return (
    <Section
      title="This month"
      aside={
        <Button
          reason={role === 'member' ? 'Only owners change the cap' : null}
          onClick={() => setCapping(true)}
        >
          {monthly_cap === null ? 'Set a cap' : 'Change the cap'}
        </Button>
      }
    >
      {reached && (
        <Notice tone="problem">
          The cap is reached. Instances are hibernated, microVMs suspended, nothing is deleted, and
          nothing new begins until it is raised or the month ends.
        </Notice>
      )}
      <Stats
        stats={[
          ['Used', money(used, currency)],
          ['By the end of the month', money(forecast, currency)],
          ['Cap', monthly_cap === null ? 'none' : money(monthly_cap, currency)],
          ['Now, per hour', money(burn_per_hour, currency)],
          ['Credits', money(balance.data.balance.amount, currency)],
        ]}
      />
      <p className="text-ink-2">
        {runs_out_at ? (
          <>
            Credits last until <Time at={runs_out_at} exact />, which is{' '}
            {duration((new Date(runs_out_at).getTime() - Date.now()) / 1000)} from now, if it goes
            on like this.
          </>
        ) : (
          'Nothing is being charged right now.'
        )}
        {reaches_cap_at && (
          <>
            {' '}
            The cap is reached <Time at={reaches_cap_at} exact />.
          </>
        )}
      </p>
      <Days days={days} currency={currency} />
      {capping && <BudgetDialog cap={monthly_cap} used={used} onClose={() => setCapping(false)} />}
    </Section>
  )
}
