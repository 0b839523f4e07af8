import { whyNot } from '@garrison/contract/images/states'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { type Answer, del } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { buttonClass, IconButton } from '../ui/button.tsx'
import { Facts } from '../ui/card.tsx'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { gigabytes, plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading, Spinner } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'

type Image = Answer<'get', '/api/custom-images/'>['images'][number]

const size = 20

export function ImagesPage() {
  const { page = 1, search = '' } = useSearch({ from: '/shell/images' })
  const navigate = useNavigate({ from: '/images' })
  const region = useRegion()
  const [asked, setAsked] = useState<{ what: 'details' | 'delete'; image: Image } | null>(null)
  const list = useQuery({
    ...reading('/api/custom-images/', { query: { page, page_size: size, search, region } }),
    refetchInterval: pollWhenBroken,
  })
  const total = list.data?.total_count ?? 0
  return (
    <Page
      guide="custom-images"
      title="Images"
      lead={list.data && plural(total, 'image')}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[{ method: 'GET', path: '/api/custom-images/', command: 'garrison image list' }]}
      action={
        <Link to="/snapshots" className={buttonClass('primary')}>
          Create from a snapshot
        </Link>
      }
    >
      <SearchBox
        label="Search images"
        value={search}
        onValue={(value) => void navigate({ search: { search: value }, replace: true })}
      />
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="images" />}
      {list.data &&
        (total > 0 ? (
          <Table
            label="Images"
            rows={list.data.images}
            rowKey={(row) => row.id}
            columns={[
              {
                key: 'name',
                head: 'Name',
                cell: (row) => (
                  <button
                    type="button"
                    className="text-left font-medium hover:text-accent"
                    onClick={() => setAsked({ what: 'details', image: row })}
                  >
                    {row.name}
                  </button>
                ),
              },
              { key: 'status', head: 'Status', cell: (row) => <Status status={row.status} /> },
              { key: 'size', head: 'Size', numeric: true, from: 'md', cell: (row) => row.size },
              { key: 'of', head: 'Made of', from: 'lg', cell: (row) => row.snapshot_name },
              {
                key: 'created',
                head: 'Created',
                numeric: true,
                from: 'md',
                cell: (row) => <Time at={row.created} />,
              },
              {
                key: 'delete',
                head: <span className="sr-only">Actions</span>,
                className: 'w-10',
                cell: (row) => (
                  <IconButton
                    name={`Delete ${row.name}`}
                    icon={<Trash2 aria-hidden className="size-4" />}
                    reason={whyNot('delete', row.status)}
                    onClick={() => setAsked({ what: 'delete', image: row })}
                  />
                ),
              },
            ]}
          />
        ) : search ? (
          <NothingFound what="images" onClear={() => void navigate({ search: {} })} />
        ) : (
          <Empty
            title={region ? `No image in ${region}` : 'No image yet'}
            action={
              <Link to="/snapshots" className={buttonClass('primary')}>
                Create from a snapshot
              </Link>
            }
            call={{
              method: 'POST',
              path: '/api/custom-images/',
              body: { snapshot_id: 'BRK-123456S', name: 'web-base' },
              command: 'garrison image create before-upgrade web-base',
            }}
          >
            An image is a machine’s disk to begin others from. Set one instance up as you like it,
            take a snapshot, make an image of that, and deploy as many as you want.
          </Empty>
        ))}
      <Pager
        page={page}
        total={total}
        size={size}
        onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
      />
      {asked?.what === 'details' && <Details image={asked.image} onClose={() => setAsked(null)} />}
      {asked?.what === 'delete' && (
        <DeleteDialog image={asked.image} onClose={() => setAsked(null)} />
      )}
    </Page>
  )
}

function Details({ image, onClose }: { image: Image; onClose: () => void }) {
  const { data } = useQuery(
    reading('/api/custom-images/{image_id}/', { params: { image_id: image.id } }),
  )
  return (
    <Dialog title={image.name} open onClose={onClose}>
      <DialogBody>
        {data === undefined ? (
          <Spinner words="Loading …" />
        ) : (
          <Facts
            facts={[
              ['Status', <Status key="status" status={image.status} why={data.error} />],
              ['Problem', data.error],
              ['Region', data.region],
              ['Size', image.size],
              ['Needs a disk of', gigabytes(data.min_disk_gb)],
              ['OS image', data.os],
              ['Snapshot', image.snapshot_name],
              ['Created', <Time key="created" at={image.created} exact />],
              ['Description', image.description || null],
              ['Id', <Copyable key="id" text={image.id} name="Copy id" />],
            ]}
          />
        )}
      </DialogBody>
    </Dialog>
  )
}

function DeleteDialog({ image, onClose }: { image: Image; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () => del('/api/custom-images/{image_id}/', { params: { image_id: image.id } }),
    onSuccess: async () => {
      await stale('/api/custom-images/', '/api/snapshots/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="image"
      name={image.name}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        Instances that were deployed from it, and the snapshot that it was made of, stay.
      </p>
    </ConfirmDelete>
  )
}
