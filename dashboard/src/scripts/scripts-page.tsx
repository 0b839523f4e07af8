import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { send } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { listCall } from '../ui/api-call.tsx'
import { Button } from '../ui/button.tsx'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { useLastPage } from '../ui/last-page.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import type { ScriptsSearch } from './routes.ts'
import { ScriptDialog } from './script-dialog.tsx'

const size = 20

export function ScriptsPage() {
  const { page = 1, search = '', edit } = useSearch({ from: '/shell/scripts' })
  const navigate = useNavigate({ from: '/scripts' })
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set())
  const [leaving, setLeaving] = useState(false)
  const list = useQuery({
    ...reading('/api/scripts/', { query: { page, page_size: size, search, fields: 'summary' } }),
    refetchInterval: pollWhenBroken,
  })
  const { scripts = [], pagination } = list.data ?? {}
  const total = pagination?.total_count ?? 0
  useLastPage(page, size, { shown: list.data?.scripts.length, total })
  const chosen = scripts.filter((script) => ticked.has(script.id))
  const go = (change: ScriptsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const tick = (id: string, on: boolean) =>
    setTicked(new Set(on ? [...ticked, id] : [...ticked].filter((other) => other !== id)))
  const createButton = (
    <Button look="primary" onClick={() => go({ edit: 'new' })}>
      Create script
    </Button>
  )
  return (
    <Page
      guide="startup-scripts"
      title="Scripts"
      lead={list.data && plural(total, 'script')}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/scripts/',
          { page, page_size: size, search },
          { command: 'garrison script list', flags: ['search'] },
        ),
      ]}
      action={createButton}
    >
      {(total > 0 || search) && (
        <div className="flex flex-wrap gap-2">
          <SearchBox
            label="Search scripts"
            value={search}
            onValue={(value) => go({ search: value, page: undefined })}
          />
          <Button
            reason={chosen.length === 0 ? 'Tick the scripts to delete' : null}
            onClick={() => setLeaving(true)}
          >
            Delete {chosen.length > 0 && chosen.length}
          </Button>
        </div>
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="scripts" />}
      {scripts.length > 0 && (
        <Table
          label="Scripts"
          rows={scripts}
          rowKey={(row) => row.id}
          selected={(row) => ticked.has(row.id)}
          columns={[
            {
              key: 'tick',
              head: <span className="sr-only">Chosen</span>,
              className: 'w-8',
              cell: (row) => (
                <input
                  type="checkbox"
                  aria-label={`Choose ${row.name}`}
                  checked={ticked.has(row.id)}
                  onChange={(event) => tick(row.id, event.target.checked)}
                  className="size-4 accent-(--accent)"
                />
              ),
            },
            {
              key: 'name',
              head: 'Name',
              cell: (row) => (
                <button
                  type="button"
                  className="text-left font-medium hover:text-accent"
                  onClick={() => go({ edit: row.id })}
                >
                  {row.name}
                </button>
              ),
            },
            {
              key: 'changed',
              head: 'Changed',
              numeric: true,
              from: 'md',
              cell: (row) => <Time at={row.updated_at} />,
            },
          ]}
        />
      )}
      {list.data &&
        total === 0 &&
        (search ? (
          <NothingFound what="scripts" onClear={() => go({ search: '' })} />
        ) : (
          <Empty
            title="No script yet"
            action={createButton}
            call={{
              method: 'POST',
              path: '/api/scripts/',
              body: { name: 'web server', script: '#!/bin/sh\nhttpd -h /srv/www' },
              command: 'garrison script create web-server ./setup.sh',
            }}
          >
            A script runs once, on the first boot of an instance that was deployed with it. Its
            output and exit code are on the instance’s page.
          </Empty>
        ))}
      <Pager page={page} total={total} size={size} onPage={(next) => go({ page: next })} />
      {edit && <ScriptDialog key={edit} id={edit} onClose={() => go({ edit: undefined })} />}
      {leaving && (
        <DeleteDialog
          scripts={chosen}
          onClose={() => setLeaving(false)}
          onDone={() => setTicked(new Set())}
        />
      )}
    </Page>
  )
}

function DeleteDialog({
  scripts,
  onClose,
  onDone,
}: {
  scripts: readonly { id: string; name: string }[]
  onClose: () => void
  onDone: () => void
}) {
  const remove = useMutation({
    mutationFn: () =>
      send('DELETE', '/api/scripts/', { body: { scripts: scripts.map((script) => script.id) } }),
    onSuccess: async () => {
      await stale('/api/scripts/')
      onDone()
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind={scripts.length === 1 ? 'script' : 'scripts'}
      name={scripts.map((script) => script.name).join(', ')}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">Instances that ran them keep what they did.</p>
    </ConfirmDelete>
  )
}
