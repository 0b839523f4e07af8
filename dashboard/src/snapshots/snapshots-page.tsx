/** The published page: cards, six to a page, with everything that can be done to a snapshot. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { CreateImageDialog } from '../images/create-image-dialog.tsx'
import { useRegion } from '../shell/region.ts'
import { listCall, shellWord } from '../ui/api-call.tsx'
import { Button } from '../ui/button.tsx'
import { CardGrid, Stats } from '../ui/card.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { gigabytes, plural } from '../ui/format.ts'
import { useLastPage } from '../ui/last-page.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { CreateSnapshotDialog } from './create-snapshot-dialog.tsx'
import { DeleteSnapshotDialog } from './delete-snapshot-dialog.tsx'
import { DetailsDialog } from './details-dialog.tsx'
import { ExportDialog } from './export-dialog.tsx'
import { ImportDialog } from './import-dialog.tsx'
import { RestoreSnapshotDialog } from './restore-snapshot-dialog.tsx'
import { RollbackDialog } from './rollback-dialog.tsx'
import type { SnapshotsSearch } from './routes.ts'
import { type Snapshot, type SnapshotAsk, SnapshotCard } from './snapshot-card.tsx'
import { SnapshotTabs } from './snapshot-tabs.tsx'

const size = 6

export function SnapshotsPage() {
  const {
    page = 1,
    search = '',
    create,
    import: importing,
    snapshot: detailed,
  } = useSearch({ from: '/shell/snapshots' })
  const navigate = useNavigate({ from: '/snapshots' })
  const region = useRegion()
  const [asked, setAsked] = useState<{ what: SnapshotAsk; snapshot: Snapshot } | null>(null)
  const list = useQuery({
    ...reading('/api/snapshots/', { query: { page, pageSize: size, search, region } }),
    refetchInterval: pollWhenBroken,
  })
  const { snapshots = [], statistics, pagination } = list.data ?? {}
  const total = pagination?.total_count ?? 0
  const go = (change: SnapshotsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const close = () => setAsked(null)
  useLastPage(page, size, { shown: list.data?.snapshots.length, total })

  const searchable = total > size || search !== ''
  const noSource =
    statistics?.available_vms === 0
      ? `There is no active instance${region ? ` in ${region}` : ''}, and only of one a snapshot can be taken`
      : null
  const createButton = (
    <Button look="primary" reason={noSource} onClick={() => go({ create: true })}>
      Create snapshot
    </Button>
  )
  return (
    <Page
      guide="manage-snapshots"
      title="Snapshots"
      lead="Copies of a machine’s disk, taken while it runs, to go back to or begin from."
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/snapshots/',
          { page, pageSize: size, search, region },
          { command: 'garrison snapshot list', flags: ['region', 'search'] },
        ),
      ]}
      action={
        <>
          <Button onClick={() => go({ import: true })}>Import</Button>
          {createButton}
        </>
      }
    >
      <SnapshotTabs />
      {statistics && (
        <Stats
          stats={[
            ['Total snapshots', statistics.total_snapshots],
            ['Total storage', gigabytes(statistics.total_storage_gb)],
            ['Available VMs', statistics.available_vms],
            ['Restorable', statistics.restorable],
          ]}
        />
      )}
      {(searchable || region) && (
        <div className="flex flex-wrap items-center gap-2">
          {searchable && (
            <SearchBox
              label="Search snapshots"
              value={search}
              onValue={(value) => go({ search: value || undefined, page: undefined })}
            />
          )}
          {list.data && (search || region) && total > 0 && (
            <p className="text-sm text-ink-3">
              {plural(total, 'snapshot')}
              {region && ` in ${region}`}
              {search && ` with “${search}”`}
            </p>
          )}
        </div>
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="snapshots" />}
      {snapshots.length > 0 && (
        <CardGrid label="Snapshots">
          {snapshots.map((snapshot) => (
            <SnapshotCard
              key={snapshot.id}
              snapshot={snapshot}
              onAsk={(what) =>
                what === 'details' ? go({ snapshot: snapshot.id }) : setAsked({ what, snapshot })
              }
            />
          ))}
        </CardGrid>
      )}
      {list.data &&
        total === 0 &&
        (search ? (
          <NothingFound what="snapshots" onClear={() => go({ search: undefined })} />
        ) : (
          <Empty
            title={region ? `No snapshot in ${region}` : 'No snapshot yet'}
            action={createButton}
            call={({ instance }) => ({
              method: 'POST',
              path: '/api/snapshots/',
              body: { instance_id: instance.id, name: 'before-upgrade' },
              command: `garrison snapshot create ${shellWord(instance.name)} before-upgrade`,
            })}
          >
            A snapshot keeps the disk of a running instance as it is now. Restore it into a new
            instance, roll the old one back to it, or make an image of it for many.
          </Empty>
        ))}
      <Pager
        page={page}
        total={total}
        size={size}
        onPage={(next) => go({ page: next > 1 ? next : undefined })}
      />

      <CreateSnapshotDialog open={create === true} onClose={() => go({ create: undefined })} />
      {importing && <ImportDialog onClose={() => go({ import: undefined })} />}
      {detailed && (
        <DetailsDialog
          id={detailed}
          known={snapshots.find(({ id }) => id === detailed)}
          onClose={() => go({ snapshot: undefined })}
        />
      )}
      {asked?.what === 'restore' && (
        <RestoreSnapshotDialog snapshot={asked.snapshot} onClose={close} />
      )}
      {asked?.what === 'delete' && (
        <DeleteSnapshotDialog snapshot={asked.snapshot} onClose={close} />
      )}
      {asked?.what === 'rollback' && <RollbackDialog snapshot={asked.snapshot} onClose={close} />}
      {asked?.what === 'export' && <ExportDialog snapshot={asked.snapshot} onClose={close} />}
      {asked?.what === 'image' && <CreateImageDialog snapshot={asked.snapshot} onClose={close} />}
    </Page>
  )
}
