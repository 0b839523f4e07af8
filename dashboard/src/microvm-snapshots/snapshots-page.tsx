/** What microVMs begin as: one's own, and the public ones. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Ellipsis, Play, ScrollText, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { MicrovmTabs } from '../microvms/microvm-tabs.tsx'
import type { MicrovmSnapshotsSearch } from '../microvms/routes.ts'
import { sizeWords } from '../microvms/vm.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { FilterSelect, SearchBox } from '../ui/filters.tsx'
import { bytes, plural } from '../ui/format.ts'
import { Menu } from '../ui/menu.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { BuildDialog } from './build-dialog.tsx'
import { DeleteMicrovmSnapshotDialog } from './delete-snapshot-dialog.tsx'
import {
  isSnapshotChanging,
  type MicrovmSnapshot,
  originWords,
  snapshotLook,
  titleOf,
  whyNotDelete,
  whyNotStart,
} from './snapshot.ts'

export function MicrovmSnapshotsPage() {
  const { search = '', type = '', build } = useSearch({ from: '/shell/microvms/snapshots' })
  const navigate = useNavigate({ from: '/microvms/snapshots' })
  const [deleting, setDeleting] = useState<MicrovmSnapshot | null>(null)
  const list = useQuery({
    ...reading('/v1/snapshots'),
    refetchInterval: ({ state }) =>
      state.data?.some((each) => isSnapshotChanging(each.status)) ? 1_500 : pollWhenBroken(),
  })
  const go = (change: MicrovmSnapshotsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const all = list.data ?? []
  const wanted = search.toLowerCase()
  const rows = all.filter(
    (each) =>
      (type === '' || each.type === type) &&
      `${titleOf(each)} ${each.id} ${originWords(each)}`.toLowerCase().includes(wanted),
  )
  const filtered = search !== '' || type !== ''
  const own = all.filter((each) => each.type === 'user')
  const buildButton = (
    <Button look="primary" onClick={() => go({ build: true })}>
      Build snapshot
    </Button>
  )
  return (
    <Page
      guide="microvms"
      title="Snapshots of microVMs"
      lead={
        list.data === undefined
          ? 'What microVMs begin as.'
          : [
              `${plural(own.length, 'snapshot')} of yours`,
              `${all.length - own.length} public`,
              filtered ? `${rows.length} shown` : null,
            ]
              .filter(Boolean)
              .join(', ')
      }
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/v1/snapshots', command: 'garrison vm snapshot list' },
        {
          method: 'POST',
          path: '/v1/snapshots',
          body: { oci_image: 'python:3.12-slim', name: 'python' },
          command: 'garrison vm snapshot build python:3.12-slim --name python',
        },
      ]}
      action={buildButton}
    >
      <MicrovmTabs />
      {all.length > 0 && (
        <div className="flex flex-wrap gap-2">
          <SearchBox
            label="Search snapshots"
            value={search}
            onValue={(value) => go({ search: value || undefined })}
          />
          <FilterSelect
            label="Whose"
            all="Yours and public ones"
            value={type}
            onValue={(value) => go({ type: value || undefined })}
            choices={[
              { value: 'user', words: 'Yours' },
              { value: 'system', words: 'Public' },
            ]}
          />
        </div>
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="snapshots" />}
      {rows.length > 0 && (
        <Table
          label="Snapshots of microVMs"
          columns={columnsWith(setDeleting)}
          rows={rows}
          rowKey={(row) => row.id}
        />
      )}
      {list.data && rows.length === 0 && filtered && (
        <NothingFound what="snapshots" onClear={() => go({ search: undefined, type: undefined })} />
      )}
      {list.data && own.length === 0 && !filtered && (
        <Empty
          title="No snapshot of yours yet"
          action={buildButton}
          call={{
            method: 'POST',
            path: '/v1/snapshots',
            body: {
              oci_image: 'python:3.12-slim',
              name: 'python',
              build_args: { extra_pip_packages: 'numpy pandas' },
            },
            command:
              'garrison vm snapshot build python:3.12-slim --name python --pip "numpy pandas"',
          }}
        >
          A snapshot is a microVM at one moment, with its memory. Build one of an image in a
          registry, with the packages and the code that you need, or take one of a microVM that
          runs; what begins as it goes on from there in milliseconds.
        </Empty>
      )}
      {build && <BuildDialog onClose={() => go({ build: undefined })} />}
      {deleting && (
        <DeleteMicrovmSnapshotDialog snapshot={deleting} onClose={() => setDeleting(null)} />
      )}
    </Page>
  )
}

const columnsWith = (
  onDelete: (snapshot: MicrovmSnapshot) => void,
): readonly Column<MicrovmSnapshot>[] => [
  {
    key: 'name',
    head: 'Name',
    cell: (row) => (
      <>
        <Link
          to="/microvms/snapshots/$id"
          params={{ id: row.id }}
          className="font-medium wrap-anywhere hover:text-accent"
        >
          {titleOf(row)}
        </Link>
        {row.last_error && (
          <span
            className="line-clamp-2 max-w-md text-sm text-problem wrap-anywhere"
            title={row.last_error}
          >
            {row.last_error}
          </span>
        )}
      </>
    ),
  },
  {
    key: 'status',
    head: 'Status',
    cell: (row) => (
      <Status status={row.status} look={snapshotLook(row.status)} why={row.last_error} />
    ),
  },
  {
    key: 'origin',
    head: 'Of',
    from: 'md',
    cell: (row) => (
      <span className="inline-block min-w-32 text-ink-2 wrap-anywhere">{originWords(row)}</span>
    ),
  },
  {
    key: 'whose',
    head: 'Whose',
    from: 'lg',
    cell: (row) => (row.type === 'system' ? 'Public' : 'Yours'),
  },
  {
    key: 'machine',
    head: 'Machine',
    from: 'lg',
    cell: ({ vcpu_count, memory_mb }) =>
      vcpu_count !== null &&
      memory_mb !== null && (
        <span className="whitespace-nowrap text-ink-2">{sizeWords({ vcpu_count, memory_mb })}</span>
      ),
  },
  {
    key: 'size',
    head: 'Size',
    numeric: true,
    from: 'md',
    cell: ({ size_bytes }) => (size_bytes > 0 ? bytes(size_bytes) : '–'),
  },
  {
    key: 'created',
    head: 'Created',
    numeric: true,
    from: 'lg',
    cell: (row) => <Time at={row.created_at} />,
  },
  {
    key: 'menu',
    head: <span className="sr-only">Actions</span>,
    cell: (row) => <RowMenu row={row} onDelete={() => onDelete(row)} />,
    className: 'w-10',
  },
]

const mark = 'size-4'

function RowMenu({ row, onDelete }: { row: MicrovmSnapshot; onDelete: () => void }) {
  const navigate = useNavigate()
  return (
    <Menu
      trigger={
        <IconButton
          name={`Actions of ${titleOf(row)}`}
          icon={<Ellipsis aria-hidden className={mark} />}
        />
      }
      actions={[
        {
          words: 'Start microVM',
          icon: <Play aria-hidden className={mark} />,
          reason: whyNotStart(row),
          onClick: () =>
            void navigate({ to: '/microvms', search: { create: true, snapshot: row.id } }),
        },
        {
          words: 'Details and log',
          icon: <ScrollText aria-hidden className={mark} />,
          onClick: () => void navigate({ to: '/microvms/snapshots/$id', params: { id: row.id } }),
        },
        'line',
        {
          words: 'Delete',
          icon: <Trash2 aria-hidden className={mark} />,
          danger: true,
          reason: whyNotDelete(row),
          onClick: onDelete,
        },
      ]}
    />
  )
}
