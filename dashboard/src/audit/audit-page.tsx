import { whyNotAllowed } from '@garrison/contract/accounts/roles'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { type Answer, urlOf } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { actorWords } from './actor-words.ts'
import { AuditRowDialog } from './audit-row-dialog.tsx'
import { DayBox } from './day-box.tsx'
import { changesOf, dayOf, queryOf } from './filter.ts'
import type { AuditSearch } from './routes.ts'

export type AuditRow = Answer<'get', '/api/audit/'>['entries'][number]

const size = 50
const path = '/api/audit/'
/** What actions are about; an action is searched for by its beginning. */
const beginnings =
  'account. api-key. budget. custom-image. deploy-request. firewall. image. instance. password. person. script. sign-in sign-out snapshot. snapshot-policy. ssh-key. volume. webhook.'.split(
    ' ',
  )

export function AuditPage() {
  const { page = 1, ...filter } = useSearch({ from: '/shell/audit' })
  const navigate = useNavigate({ from: '/audit' })
  const { role } = useMe()
  const [shown, setShown] = useState<AuditRow | null>(null)
  const query = queryOf(filter)
  const list = useQuery({
    ...reading(path, { query: { ...query, page, page_size: size } }),
    // What is written down is no event, so the first page asks now and then.
    refetchInterval: () => pollWhenBroken() || (page === 1 ? 15_000 : false),
  })
  const people = useQuery(reading('/api/account/people/'))
  const keys = useQuery(reading('/api/account/api-keys/'))
  const total = list.data?.pagination.total_count ?? 0
  const filtered = Object.values(filter).some(Boolean)
  const go = (change: AuditSearch) =>
    void navigate({
      search: (before) => ({ ...before, page: undefined, ...change }),
      replace: true,
    })
  const clear = () => void navigate({ search: {} })
  const denied = whyNotAllowed(role, 'audit.export')
  const csv = urlOf(path, { query: { ...query, format: 'csv' } })
  return (
    <Page
      guide="audit-log"
      title="Audit log"
      lead={
        list.data &&
        `${plural(total, 'entry', 'entries')}${filtered ? ' that match' : ''}, newest first`
      }
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: urlOf(path, { query }), command: 'garrison audit list' },
        { method: 'GET', path: csv },
      ]}
      action={
        denied === null ? (
          <a href={csv} download="audit.csv" className={buttonClass('plain')}>
            <Download aria-hidden className="size-4" />
            Download CSV
          </a>
        ) : (
          <Button icon={<Download aria-hidden className="size-4" />} reason={denied}>
            Download CSV
          </Button>
        )
      }
    >
      <div className="flex flex-wrap items-end gap-2">
        <SearchBox
          label="Action"
          value={filter.action ?? ''}
          onValue={(action) => go({ action: action || undefined })}
          labelled={{ placeholder: 'volume.', suggestions: beginnings }}
        />
        <SearchBox
          label="Who"
          value={filter.actor ?? ''}
          onValue={(actor) => go({ actor: actor || undefined })}
          labelled={{
            placeholder: 'E-mail or key',
            suggestions: [
              ...(people.data?.people.flatMap(({ email }) => email ?? []) ?? []),
              ...(keys.data?.api_keys.map(({ name }) => name) ?? []),
            ],
          }}
        />
        <SearchBox
          label="On what"
          value={filter.subject ?? ''}
          onValue={(subject) => go({ subject: subject || undefined })}
          labelled={{ placeholder: 'BRK-123456V', suggestions: [] }}
        />
        <DayBox
          label="From"
          value={filter.from ?? ''}
          max={filter.to}
          onValue={(from) => go({ from: dayOf(from) })}
        />
        <DayBox
          label="To"
          value={filter.to ?? ''}
          min={filter.from}
          onValue={(to) => go({ to: dayOf(to) })}
        />
        {filtered && (
          <Button look="quiet" onClick={clear}>
            Show all
          </Button>
        )}
      </div>
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="the audit log" />}
      {list.data &&
        (list.data.entries.length > 0 ? (
          <Table
            label="Audit log"
            rows={list.data.entries}
            rowKey={({ id }) => String(id)}
            columns={[
              { key: 'at', head: 'When', cell: ({ at }) => <Time at={at} /> },
              {
                key: 'who',
                head: 'Who',
                from: 'md',
                className: 'min-w-36',
                cell: ({ actor }) => actorWords(actor),
              },
              {
                key: 'action',
                head: 'Action',
                cell: (row) => (
                  <>
                    <button
                      type="button"
                      className="text-left hover:text-accent"
                      onClick={() => setShown(row)}
                    >
                      <code className="whitespace-nowrap">{row.action}</code>
                    </button>
                    <span className="block text-sm text-ink-3 md:hidden">
                      {row.subject.name ?? row.subject.id}
                      <span className="block">by {actorWords(row.actor)}</span>
                    </span>
                  </>
                ),
              },
              {
                key: 'what',
                head: 'On what',
                from: 'md',
                cell: ({ subject }) =>
                  subject.name === null ? (
                    <span className="text-ink-3">
                      {subject.kind} <code className="break-all">{subject.id}</code>
                    </span>
                  ) : (
                    <span title={subject.id}>{subject.name}</span>
                  ),
              },
              {
                key: 'changes',
                head: 'Changed',
                from: 'lg',
                cell: ({ before, after }) => (
                  <span className="text-ink-2">
                    {changesOf(before, after)
                      .map(({ field }) => field)
                      .join(', ')}
                  </span>
                ),
              },
              {
                key: 'address',
                head: 'From',
                from: 'xl',
                cell: ({ address }) => (
                  <code className="whitespace-nowrap text-ink-3">{address}</code>
                ),
              },
            ]}
          />
        ) : filtered ? (
          <NothingFound what="entries" onClear={clear} />
        ) : page > 1 ? (
          <NothingFound what="entries" onClear={clear} />
        ) : (
          <Empty
            title="Nothing was done yet"
            call={{ method: 'GET', path, command: 'garrison audit list' }}
          >
            Whatever is made, changed or deleted here is written down, with who did it, from where,
            and what was before. Nobody can change or remove an entry.
          </Empty>
        ))}
      <Pager
        page={page}
        total={total}
        size={size}
        onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
      />
      {shown && <AuditRowDialog row={shown} onClose={() => setShown(null)} />}
    </Page>
  )
}
