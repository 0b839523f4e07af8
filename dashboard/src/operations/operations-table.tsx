import { Link } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { duration } from '../ui/format.ts'
import { Status } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { operationWords } from './steps.tsx'

type Row = Answer<'get', '/api/operations/'>['operations'][number]

const words: Readonly<Record<Row['state'], string>> = {
  pending: 'Waits',
  running: 'Under way',
  undoing: 'Being undone',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Called off',
}

function took({ started_at, finished_at }: Row): string | null {
  if (started_at === null || finished_at === null) return null
  const ms = new Date(finished_at).getTime() - new Date(started_at).getTime()
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms / 1000)
}

const columns: readonly Column<Row>[] = [
  {
    key: 'kind',
    head: 'What',
    cell: (row) => (
      <>
        {operationWords(row.kind)}
        <span className="block text-sm text-ink-3 sm:hidden">
          <Subject {...row.subject} />
        </span>
        {(row.error ?? row.note) && (
          <span className={row.error ? 'block text-sm text-problem' : 'block text-sm text-ink-3'}>
            {row.error ?? row.note}
          </span>
        )}
      </>
    ),
  },
  { key: 'subject', head: 'Of', from: 'sm', cell: ({ subject }) => <Subject {...subject} /> },
  {
    key: 'state',
    head: 'State',
    cell: (row) => <Status status={row.state} word={words[row.state]} why={row.error} />,
  },
  { key: 'took', head: 'Took', numeric: true, from: 'md', cell: took },
  {
    key: 'at',
    head: 'Began',
    numeric: true,
    from: 'md',
    cell: (row) => <Time at={row.created_at} />,
  },
]

const pages: Readonly<Record<string, string>> = {
  instance: '/instances',
  microvm: '/microvms',
  'microvm-snapshot': '/microvms/snapshots',
}

/** Leads to the thing where it has a page of its own. */
function Subject({ kind, id }: { kind: string; id: string }) {
  const page = pages[kind]
  if (page === undefined) return <code className="text-sm">{id}</code>
  return (
    <Link to={`${page}/${id}` as string} className="font-mono text-sm hover:text-accent">
      {id}
    </Link>
  )
}

export const OperationsTable = ({ rows }: { rows: readonly Row[] }) => (
  <Table label="Operations" columns={columns} rows={rows} rowKey={(row) => row.id} />
)
