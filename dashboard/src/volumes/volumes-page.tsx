/** The published page: cards, six to a page. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { listCall } from '../ui/api-call.tsx'
import { Button } from '../ui/button.tsx'
import { CardGrid, Stats } from '../ui/card.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { gigabytes } from '../ui/format.ts'
import { useLastPage } from '../ui/last-page.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { AttachDialog } from './attach-dialog.tsx'
import { CloneDialog } from './clone-dialog.tsx'
import { CreateVolumeDialog } from './create-volume-dialog.tsx'
import { DeleteVolumeDialog } from './delete-volume-dialog.tsx'
import { DetachDialog } from './detach-dialog.tsx'
import { ResizeDialog } from './resize-dialog.tsx'
import type { VolumesSearch } from './routes.ts'
import { type Volume, type VolumeAsk, VolumeCard } from './volume-card.tsx'

const size = 6

export function VolumesPage() {
  const { page = 1, search = '', create } = useSearch({ from: '/shell/volumes' })
  const navigate = useNavigate({ from: '/volumes' })
  const region = useRegion()
  const [asked, setAsked] = useState<{ what: VolumeAsk; volume: Volume } | null>(null)
  const list = useQuery({
    ...reading('/api/volumes/', { query: { page, page_size: size, search, region } }),
    refetchInterval: pollWhenBroken,
  })
  const { volumes = [], statistics, pagination } = list.data ?? {}
  const total = pagination?.total_count ?? 0
  const go = (change: VolumesSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const close = () => setAsked(null)
  useLastPage(page, size, { shown: list.data?.volumes.length, total })

  const createButton = (
    <Button look="primary" onClick={() => go({ create: true })}>
      Create volume
    </Button>
  )
  return (
    <Page
      guide="list-volumes"
      title="Volumes"
      lead="Disks that outlive the instances they are attached to."
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/volumes/',
          { page, page_size: size, search, region },
          { command: 'garrison volume list', flags: ['region', 'search'] },
        ),
      ]}
      action={createButton}
    >
      {statistics && (
        <Stats
          stats={[
            ['Total volumes', statistics.total_volumes],
            ['Total storage', gigabytes(statistics.total_storage_gb)],
            ['Attached', statistics.attached],
            ['Bootable', statistics.bootable],
          ]}
        />
      )}
      {(total > size || search) && (
        <SearchBox
          label="Search volumes"
          value={search}
          onValue={(value) => go({ search: value, page: 1 })}
        />
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="volumes" />}
      {volumes.length > 0 && (
        <CardGrid label="Volumes">
          {volumes.map((volume) => (
            <VolumeCard
              key={volume.id}
              volume={volume}
              onAsk={(what) => setAsked({ what, volume })}
            />
          ))}
        </CardGrid>
      )}
      {list.data &&
        total === 0 &&
        (search ? (
          <NothingFound what="volumes" onClear={() => go({ search: '' })} />
        ) : (
          <Empty
            title={region ? `No volume in ${region}` : 'No volume yet'}
            action={createButton}
            call={(there) => ({
              method: 'POST',
              path: '/api/volumes/',
              body: { name: 'data', region: there.region, size_gb: 100 },
              command: `garrison volume create data --size 100 --region ${there.region}`,
            })}
          >
            A volume is a disk with a life of its own: attach it to a running instance, take it
            away, attach it to another one. Made from an OS image, it can be booted from.
          </Empty>
        ))}
      <Pager page={page} total={total} size={size} onPage={(next) => go({ page: next })} />

      {create && list.data && (
        <CreateVolumeDialog
          suggested={list.data.next_name}
          onClose={() => go({ create: undefined })}
        />
      )}
      {asked?.what === 'attach' && <AttachDialog volume={asked.volume} onClose={close} />}
      {asked?.what === 'detach' && <DetachDialog volume={asked.volume} onClose={close} />}
      {asked?.what === 'resize' && <ResizeDialog volume={asked.volume} onClose={close} />}
      {asked?.what === 'clone' && <CloneDialog volume={asked.volume} onClose={close} />}
      {asked?.what === 'delete' && <DeleteVolumeDialog volume={asked.volume} onClose={close} />}
    </Page>
  )
}
