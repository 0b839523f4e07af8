import { whyNot } from '@garrison/contract/images/states'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { listCall, shellWord } from '../ui/api-call.tsx'
import { Button, buttonClass, IconButton } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { CreateImageDialog } from './create-image-dialog.tsx'
import { DeleteImageDialog } from './delete-image-dialog.tsx'
import { ImageDetailsDialog } from './image-details-dialog.tsx'
import type { ImagesSearch } from './routes.ts'

type Image = Answer<'get', '/api/custom-images/'>['images'][number]

const size = 20

/** What new machines can begin as, made of snapshots. */
export function ImagesPage() {
  const { page = 1, search = '', create, image } = useSearch({ from: '/shell/images' })
  const navigate = useNavigate({ from: '/images' })
  const region = useRegion()
  const [going, setGoing] = useState<{ id: string; name: string } | null>(null)
  const list = useQuery({
    ...reading('/api/custom-images/', { query: { page, page_size: size, search, region } }),
    refetchInterval: pollWhenBroken,
  })
  const total = list.data?.total_count ?? 0
  const go = (change: ImagesSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const filters = `${region && ` in ${region}`}${search && ` with “${search}”`}`
  const searchable = total > 6 || search !== ''
  const createButton = (
    <Button look="primary" onClick={() => go({ create: true })}>
      Create image
    </Button>
  )
  return (
    <Page
      guide="custom-images"
      title="Images"
      lead={list.data && `${plural(total, 'image')}${filters}`}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/custom-images/',
          { page, page_size: size, search, region },
          { command: 'garrison image list', flags: ['region', 'search'] },
        ),
      ]}
      action={createButton}
    >
      {searchable && (
        <SearchBox
          label="Search images"
          value={search}
          onValue={(value) => go({ search: value || undefined, page: undefined })}
        />
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="images" />}
      {list.data &&
        (list.data.images.length > 0 ? (
          <Table
            label="Images"
            rows={list.data.images}
            rowKey={(row) => row.id}
            columns={columnsOf(setGoing)}
          />
        ) : search || page > 1 ? (
          <NothingFound what="images" onClear={() => go({ search: undefined, page: undefined })} />
        ) : (
          <Empty
            title={region ? `No image in ${region}` : 'No image yet'}
            action={
              <span className="flex flex-wrap gap-2">
                {createButton}
                <Link to="/snapshots" className={buttonClass('plain')}>
                  Take a snapshot
                </Link>
              </span>
            }
            call={({ snapshot }) => ({
              method: 'POST',
              path: '/api/custom-images/',
              body: { snapshot_id: snapshot.id, name: 'web-base' },
              command: `garrison image create ${shellWord(snapshot.name)} web-base`,
            })}
          >
            An image is a machine’s disk to begin others from. Set one instance up as you like it,
            take a snapshot, make an image of that, and deploy as many as you want.
          </Empty>
        ))}
      <Pager
        page={page}
        total={total}
        size={size}
        onPage={(next) => go({ page: next > 1 ? next : undefined })}
      />
      {create && <CreateImageDialog onClose={() => go({ create: undefined })} />}
      {image && !going && (
        <ImageDetailsDialog
          id={image}
          onClose={() => go({ image: undefined })}
          onDelete={setGoing}
        />
      )}
      {going && (
        <DeleteImageDialog
          image={going}
          onClose={() => {
            setGoing(null)
            go({ image: undefined })
          }}
        />
      )}
    </Page>
  )
}

/** The list's published keys have no region; it never changes, so it is asked for once. */
function RegionOf({ id }: { id: string }) {
  const { data } = useQuery({
    ...reading('/api/custom-images/{image_id}/', { params: { image_id: id } }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return data?.region ?? null
}

const columnsOf = (onDelete: (image: Image) => void): readonly Column<Image>[] => [
  {
    key: 'name',
    head: 'Name',
    cell: (row) => (
      <Link
        to="/images"
        search={(before) => ({ ...before, image: row.id })}
        className="font-medium break-words hover:text-accent"
      >
        {row.name}
      </Link>
    ),
  },
  { key: 'status', head: 'Status', cell: (row) => <Status status={row.status} /> },
  {
    key: 'size',
    head: 'Size',
    numeric: true,
    from: 'md',
    className: 'whitespace-nowrap',
    cell: (row) => (row.status === 'creating' ? null : row.size),
  },
  {
    key: 'region',
    head: 'Region',
    from: 'md',
    className: 'whitespace-nowrap',
    cell: (row) => <RegionOf id={row.id} />,
  },
  {
    key: 'of',
    head: 'Made of',
    from: 'lg',
    cell: (row) => <span className="break-words text-ink-2">{row.snapshot_name}</span>,
  },
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
        icon={
          <Trash2
            aria-hidden
            className={whyNot('delete', row.status) ? 'size-4' : 'size-4 text-problem'}
          />
        }
        reason={whyNot('delete', row.status)}
        onClick={() => onDelete(row)}
      />
    ),
  },
]
