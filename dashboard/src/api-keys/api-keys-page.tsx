import { isWithin } from '@garrison/contract/accounts/roles'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { money } from '../ui/format.ts'
import { Menu } from '../ui/menu.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { CreateKeyDialog } from './create-key-dialog.tsx'
import { KeyBudgetDialog } from './key-budget-dialog.tsx'
import { RenameKeyDialog } from './rename-key-dialog.tsx'
import { RevokeKeyDialog } from './revoke-key-dialog.tsx'
import type { ApiKeysSearch } from './routes.ts'
import { whyNoBudget } from './why-no-budget.ts'

export type ApiKey = Answer<'get', '/api/account/api-keys/'>['api_keys'][number]
type Asked = { what: 'rename' | 'budget' | 'revoke'; key: ApiKey }

export function ApiKeysPage() {
  const { search = '', create } = useSearch({ from: '/shell/api-keys' })
  const navigate = useNavigate({ from: '/api-keys' })
  const [asked, setAsked] = useState<Asked | null>(null)
  const list = useQuery({
    ...reading('/api/account/api-keys/'),
    refetchInterval: pollWhenBroken,
  })
  const { api_keys: all = [], limit } = list.data ?? {}
  const wanted = search.toLowerCase()
  const keys = all.filter(({ name, prefix, created_by }) =>
    [name, prefix, created_by?.name, created_by?.email].some((text) =>
      text?.toLowerCase().includes(wanted),
    ),
  )
  const go = (change: ApiKeysSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const close = () => setAsked(null)
  const full =
    limit !== undefined && all.length >= limit
      ? `An account has at most ${limit} API keys; revoke one first`
      : null
  const createButton = (
    <Button look="primary" reason={full} onClick={() => go({ create: true })}>
      Create API key
    </Button>
  )
  return (
    <Page
      guide="api-keys"
      title="API keys"
      lead={
        limit !== undefined &&
        (search
          ? `${keys.length} of ${all.length} match “${search}”`
          : `${all.length} of ${limit}; scripts and other programs act with them`)
      }
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/api/account/api-keys/', command: 'garrison api-key list' },
        {
          method: 'POST',
          path: '/api/account/api-keys/',
          body: { name: 'ci', access: 'read-only' },
          command: 'garrison api-key create ci --read-only',
        },
      ]}
      action={createButton}
    >
      {(all.length > 3 || search) && (
        <SearchBox
          label="Search API keys"
          value={search}
          onValue={(value) => go({ search: value || undefined })}
        />
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="API keys" />}
      {keys.length > 0 && <KeyTable keys={keys} onAsk={(what, key) => setAsked({ what, key })} />}
      {list.data &&
        keys.length === 0 &&
        (all.length > 0 ? (
          <NothingFound what="API keys" onClear={() => go({ search: undefined })} />
        ) : (
          <Empty
            title="No API key yet"
            action={createButton}
            call={{
              method: 'POST',
              path: '/api/account/api-keys/',
              body: { name: 'ci', access: 'read-only', expires_at: '2030-12-31T00:00:00Z' },
              command: 'garrison api-key create ci --read-only --expires 2030-12-31',
            }}
          >
            A key lets a program do what you may do here, or less: only look, for a while, up to a
            sum each month. Give each program its own, so that one can go without the others.
          </Empty>
        ))}
      {create && (
        <CreateKeyDialog
          taken={all.map(({ name }) => name)}
          onClose={() => go({ create: undefined })}
        />
      )}
      {asked?.what === 'rename' && (
        <RenameKeyDialog
          apiKey={asked.key}
          taken={all.filter(({ id }) => id !== asked.key.id).map(({ name }) => name)}
          onClose={close}
        />
      )}
      {asked?.what === 'budget' && <KeyBudgetDialog apiKey={asked.key} onClose={close} />}
      {asked?.what === 'revoke' && <RevokeKeyDialog apiKey={asked.key} onClose={close} />}
    </Page>
  )
}

function KeyTable({
  keys,
  onAsk,
}: {
  keys: readonly ApiKey[]
  onAsk: (what: Asked['what'], key: ApiKey) => void
}) {
  const me = useMe()
  const above = ({ role }: ApiKey) =>
    isWithin(role, me.role) ? null : `This is a key of an ${role}; ask one of them`
  return (
    <Table
      label="API keys"
      rows={keys}
      rowKey={({ id }) => id}
      columns={[
        {
          key: 'name',
          head: 'Name',
          cell: ({ name, prefix, current, is_active, expires_at, last_used_at }) => (
            <div className="min-w-32">
              <span className="font-medium">{name}</span>
              {current && <span className="text-ink-3"> · this one</span>}
              {!is_active && <span className="text-warning"> · expired</span>}
              <code className="block text-ink-3">{prefix}…</code>
              <span className="block text-sm text-ink-3 md:hidden">
                {last_used_at === null ? (
                  'never used'
                ) : (
                  <>
                    used <Time at={last_used_at} />
                  </>
                )}
                {expires_at !== null && is_active && (
                  <>
                    , expires <Time at={expires_at} />
                  </>
                )}
              </span>
            </div>
          ),
        },
        {
          key: 'may',
          head: 'May',
          cell: ({ access, role }) => (
            <span className="whitespace-nowrap text-ink-2">
              {access === 'full' ? 'everything' : 'only read'}
              <span className="block text-sm text-ink-3">as {role}</span>
            </span>
          ),
        },
        {
          key: 'by',
          head: 'Made',
          from: 'lg',
          cell: ({ created_by, created_at }) => (
            <>
              <Time at={created_at} />
              <span className="block text-sm text-ink-3">
                by {created_by === null ? 'the host' : created_by.name || created_by.email}
              </span>
            </>
          ),
        },
        {
          key: 'used',
          head: 'Last used',
          from: 'md',
          cell: ({ last_used_at }) =>
            last_used_at === null ? (
              <span className="text-ink-3">never</span>
            ) : (
              <Time at={last_used_at} />
            ),
        },
        {
          key: 'expires',
          head: 'Expires',
          from: 'md',
          cell: ({ expires_at }) =>
            expires_at === null ? (
              <span className="text-ink-3">never</span>
            ) : (
              <Time at={expires_at} exact />
            ),
        },
        {
          key: 'budget',
          head: 'Per month',
          numeric: true,
          from: 'md',
          cell: ({ monthly_cap }) =>
            monthly_cap === null ? (
              <span className="text-ink-3">no limit</span>
            ) : (
              money(monthly_cap, me.currency)
            ),
        },
        {
          key: 'menu',
          head: <span className="sr-only">Actions</span>,
          className: 'w-10 text-right',
          cell: (key) => (
            <Menu
              trigger={
                <IconButton
                  name={`Actions for ${key.name}`}
                  icon={<Ellipsis aria-hidden className="size-4" />}
                />
              }
              actions={[
                { words: 'Rename', reason: above(key), onClick: () => onAsk('rename', key) },
                {
                  words: 'Set budget',
                  reason: whyNoBudget(me),
                  onClick: () => onAsk('budget', key),
                },
                'line',
                {
                  words: 'Revoke',
                  danger: true,
                  reason: above(key),
                  onClick: () => onAsk('revoke', key),
                },
              ]}
            />
          ),
        },
      ]}
    />
  )
}
