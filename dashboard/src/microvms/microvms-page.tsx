/** Live list of microVMs; what they are called and how long they still have. */
import { vmName } from '@garrison/contract/microvms/facts'
import { microvmStatuses } from '@garrison/contract/microvms/states'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Ellipsis } from 'lucide-react'
import { useState } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { Checkbox } from '../ui/fields.tsx'
import { FilterSelect, SearchBox } from '../ui/filters.tsx'
import { type Currency, money, plural } from '../ui/format.ts'
import { Menu } from '../ui/menu.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { statusWord } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { useVmActions } from './actions.tsx'
import { CreateVmDialog } from './create-vm-dialog.tsx'
import { MicrovmTabs } from './microvm-tabs.tsx'
import type { MicrovmsSearch, VmAsked } from './routes.ts'
import { TimeLeft } from './time-left.tsx'
import { isLive, isVmChanging, sizeWords, type Vm } from './vm.ts'
import { VmStatus } from './vm-status.tsx'

export function MicrovmsPage() {
  const {
    search = '',
    status = '',
    ended,
    create,
    snapshot,
  } = useSearch({ from: '/shell/microvms' })
  const navigate = useNavigate({ from: '/microvms' })
  const list = useQuery({
    ...reading('/v1/vms', { query: { all: ended } }),
    refetchInterval: ({ state }) =>
      state.data?.some((vm) => isVmChanging(vm.status)) ? 1_500 : pollWhenBroken(),
  })
  const snapshots = useQuery(reading('/v1/snapshots'))
  const snapshotNames = new Map(snapshots.data?.map(({ id, name }) => [id, name ?? id]))
  const go = (change: MicrovmsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const all = list.data ?? []
  const wanted = search.toLowerCase()
  const rows = all.filter(
    (vm) =>
      (status === '' || vm.status === status) &&
      `${vmName(vm)} ${vm.vm_id} ${vm.session_id}`.toLowerCase().includes(wanted),
  )
  const filtered = search !== '' || status !== ''
  const live = all.filter((vm) => isLive(vm.status)).length
  const createButton = (
    <Button look="primary" onClick={() => go({ create: true })}>
      Start microVM
    </Button>
  )
  return (
    <Page
      guide="microvms"
      title="MicroVMs"
      lead={
        list.data === undefined
          ? 'Machines that begin in milliseconds and end by themselves.'
          : [
              `${plural(live, 'microVM')} live`,
              filtered ? `${plural(rows.length, 'row')} shown` : null,
            ]
              .filter(Boolean)
              .join(', ')
      }
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/v1/vms', command: 'garrison vm list' },
        {
          method: 'POST',
          path: '/v1/vms',
          body: { vm_lifetime_seconds: 3600 },
          command: 'garrison vm create --lifetime 1h',
        },
      ]}
      action={createButton}
    >
      <MicrovmTabs />
      {(all.length > 0 || ended) && (
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <SearchBox
            label="Search microVMs"
            value={search}
            onValue={(value) => go({ search: value || undefined })}
          />
          <FilterSelect
            label="Status"
            all="Any status"
            value={status}
            onValue={(value) => go({ status: value || undefined })}
            choices={microvmStatuses.map((value) => ({ value, words: statusWord(value) }))}
          />
          <Checkbox
            label="Also those that ended within a day"
            checked={ended === true}
            onChecked={(on) => go({ ended: on || undefined })}
          />
        </div>
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="microVMs" />}
      {list.data &&
        (rows.length > 0 ? (
          <Table
            label="MicroVMs"
            columns={columnsWith(snapshotNames)}
            rows={rows}
            rowKey={(row) => row.vm_id}
          />
        ) : all.length > 0 ? (
          <NothingFound
            what="microVMs"
            onClear={() => go({ search: undefined, status: undefined })}
          />
        ) : (
          <Empty
            title="No microVM yet"
            action={createButton}
            call={{
              method: 'POST',
              path: '/v1/vms',
              body: { vm_lifetime_seconds: 3600, metadata: { name: 'tests' } },
              command: 'garrison vm create --name tests --lifetime 1h',
            }}
          >
            A microVM goes on from a snapshot’s memory, so it is ready in milliseconds: for code
            that you do not trust, for an agent’s tools, for one test run. It is charged by the
            second and ends by itself.
          </Empty>
        ))}
      {create && (
        <CreateVmDialog
          snapshot={snapshot}
          onClose={() => go({ create: undefined, snapshot: undefined })}
        />
      )}
    </Page>
  )
}

const columnsWith = (snapshotNames: ReadonlyMap<string, string>): readonly Column<Vm>[] => [
  {
    key: 'name',
    head: 'Name',
    cell: (vm) => (
      <>
        <Link
          to="/microvms/$id"
          params={{ id: vm.vm_id }}
          className="block max-w-80 font-medium wrap-anywhere hover:text-accent"
        >
          {vmName(vm)}
        </Link>
        <span className="block text-sm text-ink-3 lg:hidden">{sizeWords(vm)}</span>
      </>
    ),
  },
  {
    key: 'status',
    head: 'Status',
    cell: (vm) => (
      <>
        <VmStatus vm={vm} />
        <span className="block text-sm text-ink-3 lg:hidden">
          {money(vm.hourly_rate, vm.currency as Currency)}/h
        </span>
      </>
    ),
  },
  {
    key: 'snapshot',
    head: 'Snapshot',
    from: 'md',
    cell: ({ snapshot_id }) =>
      snapshot_id && (
        <Link
          to="/microvms/snapshots/$id"
          params={{ id: snapshot_id }}
          className="block w-max max-w-48 truncate text-ink-2 hover:text-accent"
          title={snapshotNames.get(snapshot_id)}
        >
          {snapshotNames.get(snapshot_id) ?? snapshot_id}
        </Link>
      ),
  },
  {
    key: 'size',
    head: 'Size',
    from: 'lg',
    cell: (vm) => <span className="whitespace-nowrap text-ink-2">{sizeWords(vm)}</span>,
  },
  { key: 'left', head: 'Time left', numeric: true, cell: (vm) => <TimeLeft vm={vm} /> },
  {
    key: 'rate',
    head: 'Per hour',
    numeric: true,
    from: 'lg',
    cell: ({ hourly_rate, currency }) => money(hourly_rate, currency as Currency, 4),
  },
  {
    key: 'session',
    head: 'Session',
    from: 'xl',
    cell: ({ session_id }) => (
      <code className="whitespace-nowrap text-sm text-ink-3" title={session_id}>
        {session_id.slice(0, 8)}…
      </code>
    ),
  },
  {
    key: 'created',
    head: 'Started',
    numeric: true,
    from: 'lg',
    cell: (vm) => <Time at={vm.created_at} />,
  },
  {
    key: 'menu',
    head: <span className="sr-only">Actions</span>,
    cell: (vm) => <RowMenu vm={vm} />,
    className: 'w-10',
  },
]

function RowMenu({ vm }: { vm: Vm }) {
  const { actions, dialogs } = useVmActions(vm, useState<VmAsked | null>(null))
  return (
    <>
      <Menu
        trigger={
          <IconButton
            name={`Actions of ${vmName(vm)}`}
            icon={<Ellipsis aria-hidden className="size-4" />}
          />
        }
        actions={actions}
      />
      {dialogs}
    </>
  )
}
