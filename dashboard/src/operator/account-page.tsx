/** One account as whoever runs the installation sees it, and what they may decide about it. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { Broken } from '../shell/failures.tsx'
import { useMe } from '../shell/session.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Facts, Section, Stats } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { duration, gigabytes, money, number, plural } from '../ui/format.ts'
import { Menu } from '../ui/menu.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { AccountStage } from './account-stage.tsx'
import { GrantDialog } from './grant-dialog.tsx'
import { LimitsDialog } from './limits-dialog.tsx'
import { SuspendDialog } from './suspend-dialog.tsx'
import { watching } from './watching.ts'

export type Account = Answer<'get', '/api/operator/accounts/{account_id}/'>['account']

export function AccountPage() {
  const { id } = useParams({ from: '/shell/operator/accounts/$id' })
  const me = useMe()
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'suspend' | 'limits' | 'grant' | null>(null)
  const { data, error, isFetching, refetch } = useQuery({
    ...reading('/api/operator/accounts/{account_id}/', { params: { account_id: id } }),
    refetchInterval: watching,
  })
  if (data === undefined) {
    if (error) return <Broken error={error} reset={() => void refetch()} />
    return <Loading what="the account" />
  }
  const { account } = data
  const { suspended } = account
  const path = `/api/operator/accounts/${id}/`
  const close = () => setAsked(null)
  return (
    <Page
      guide="operating"
      title={account.name}
      lead={
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <AccountStage account={account} />
          <Copyable text={account.id} name="Copy id" />
        </span>
      }
      refresh={{ onRefresh: () => void refetch(), busy: isFetching }}
      calls={[
        { method: 'GET', path, command: `garrison operator account ${id}` },
        {
          method: 'PATCH',
          path,
          body: { limits: { max_instances: 10, max_gpus: 0 } },
        },
        {
          method: 'POST',
          path: `${path}credits/`,
          body: { amount: 25, reference: 'welcome-2026', description: 'Welcome' },
        },
      ]}
      action={
        <>
          <Button look="primary" onClick={() => setAsked('grant')}>
            Grant credits
          </Button>
          <Menu
            trigger={
              <IconButton
                name={`Actions for ${account.name}`}
                icon={<Ellipsis aria-hidden className="size-4" />}
              />
            }
            actions={[
              { words: 'Change limits', onClick: () => setAsked('limits') },
              {
                words: 'Its operations',
                onClick: () =>
                  void navigate({ to: '/operator/operations', search: { account: id } }),
              },
              'line',
              {
                words: suspended ? 'End the suspension' : 'Suspend',
                danger: suspended === null,
                reason:
                  id === me.id
                    ? 'It is the account that you act in; you would lock yourself out'
                    : null,
                onClick: () => setAsked('suspend'),
              },
            ]}
          />
        </>
      }
    >
      {suspended && (
        <Notice
          tone="problem"
          action={<Button onClick={() => setAsked('suspend')}>End the suspension</Button>}
        >
          Suspended since <Time at={suspended.since} exact />: {suspended.reason}
        </Notice>
      )}
      <Stats
        stats={[
          ['Balance', money(account.balance, account.currency)],
          ['Per hour', money(account.burn_rate, account.currency)],
          ['Left', account.hours_left === null ? '–' : duration(account.hours_left * 3600)],
          ['Running', `${account.counts.running} of ${account.counts.instances}`],
        ]}
      />
      <div className="grid gap-x-12 gap-y-6 lg:grid-cols-2">
        <Section
          title="Has, and may have"
          aside={<Button onClick={() => setAsked('limits')}>Change limits</Button>}
        >
          <Table label="What it has and its limits" {...limitRows(account)} />
        </Section>
        <Section title="About it">
          <Facts
            facts={[
              ['E-mail', account.email],
              ['Country', account.country === '-' ? null : account.country],
              ['Charged', account.billing_mode === 'off' ? 'No' : `In ${account.currency}`],
              ['Created', <Time key="created" at={account.created_at} exact />],
              [
                'Last active',
                account.last_activity_at === null ? (
                  'never'
                ) : (
                  <Time key="active" at={account.last_activity_at} />
                ),
              ],
              ['API keys', number(account.counts.api_keys)],
              ['Images', number(account.counts.images)],
              [
                'Operations',
                <Link
                  key="operations"
                  to="/operator/operations"
                  search={{ account: id }}
                  className="text-accent hover:underline"
                >
                  Under way and failed
                </Link>,
              ],
            ]}
          />
        </Section>
      </div>
      <Section title={`People · ${plural(account.people.length, 'person', 'people')}`}>
        {account.people.length === 0 ? (
          <p className="text-ink-2">Nobody signs in; only keys act here.</p>
        ) : (
          <Table
            label="People of the account"
            rows={account.people}
            rowKey={(person) => `${person.email} ${person.name}`}
            columns={[
              {
                key: 'name',
                head: 'Name',
                cell: (person) => (
                  <>
                    <span className="font-medium wrap-anywhere">
                      {person.name || person.email || 'Not named'}
                    </span>
                    {person.name && person.email && (
                      <span className="block text-sm text-ink-3 wrap-anywhere">{person.email}</span>
                    )}
                  </>
                ),
              },
              { key: 'role', head: 'Role', cell: (person) => person.role },
              {
                key: 'joined',
                head: 'Since',
                numeric: true,
                cell: (person) =>
                  person.joined_at === null ? 'invited' : <Time at={person.joined_at} />,
              },
            ]}
          />
        )}
      </Section>
      {asked === 'suspend' && <SuspendDialog account={account} onClose={close} />}
      {asked === 'limits' && <LimitsDialog account={account} onClose={close} />}
      {asked === 'grant' && <GrantDialog account={account} onClose={close} />}
    </Page>
  )
}

type LimitRow = { name: string; has: number; most: number | null; format: (n: number) => string }

function limitRows({ counts, limits }: Account) {
  const rows: readonly LimitRow[] = [
    { name: 'Instances', has: counts.instances, most: limits.max_instances, format: number },
    { name: 'vCPUs', has: counts.vcpus, most: limits.max_vcpus, format: number },
    { name: 'Memory', has: counts.memory_gb, most: limits.max_memory_gb, format: gigabytes },
    { name: 'GPUs', has: counts.gpus, most: limits.max_gpus, format: number },
    { name: 'Volumes', has: counts.volume_gb, most: limits.max_volume_gb, format: gigabytes },
    { name: 'Snapshots', has: counts.snapshots, most: limits.max_snapshots, format: number },
  ]
  return {
    rows,
    rowKey: (row: LimitRow) => row.name,
    columns: [
      { key: 'name', head: 'Of', cell: (row: LimitRow) => row.name },
      { key: 'has', head: 'Has', numeric: true, cell: (row: LimitRow) => row.format(row.has) },
      {
        key: 'most',
        head: 'At most',
        numeric: true,
        cell: ({ has, most, format }: LimitRow) =>
          most === null ? (
            <span className="text-ink-3">no limit</span>
          ) : (
            <span className={has >= most ? 'text-warning' : undefined}>{format(most)}</span>
          ),
      },
    ],
  }
}
