import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Ellipsis, Globe, Lock, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { type Answer, del, patch } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { IconButton } from '../ui/button.tsx'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { Menu } from '../ui/menu.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { tellProblem } from '../ui/toast.tsx'

export type Share = Answer<'get', '/v1/shares'>[number]

const mark = 'size-4'

const columns: readonly Column<Share>[] = [
  {
    key: 'url',
    head: 'Address',
    cell: ({ url, port, is_public }) => (
      <>
        <span className="inline-flex items-center gap-1">
          <a
            href={url}
            target="_blank"
            rel="noreferrer"
            className="text-accent underline wrap-anywhere"
          >
            {url}
          </a>
          <CopyButton text={url} name="Copy address" />
        </span>
        <span className="block text-sm text-ink-3 sm:hidden">
          Port {port}, for {is_public ? 'everybody' : 'your account'}
        </span>
      </>
    ),
  },
  { key: 'port', head: 'Port', numeric: true, from: 'sm', cell: ({ port }) => port },
  {
    key: 'who',
    head: 'For',
    from: 'sm',
    cell: ({ is_public }) => (
      <span className="inline-flex items-center gap-1.5 whitespace-nowrap text-ink-2">
        {is_public ? <Globe aria-hidden className={mark} /> : <Lock aria-hidden className={mark} />}
        {is_public ? 'Everybody' : 'Your account'}
      </span>
    ),
  },
  {
    key: 'vm',
    head: 'MicroVM',
    from: 'lg',
    cell: ({ vm_id }) => (
      <Link
        to="/microvms/$id"
        params={{ id: vm_id }}
        className="font-mono text-sm hover:text-accent"
      >
        {vm_id}
      </Link>
    ),
  },
  {
    key: 'created',
    head: 'Created',
    numeric: true,
    from: 'md',
    cell: ({ created_at }) => <Time at={created_at} />,
  },
  {
    key: 'menu',
    head: <span className="sr-only">Actions</span>,
    cell: (share) => <RowMenu share={share} />,
    className: 'w-10',
  },
]

export const SharesTable = ({ rows }: { rows: readonly Share[] }) => (
  <Table label="Shares" columns={columns} rows={rows} rowKey={(row) => row.share_id} />
)

function RowMenu({ share: { share_id, name, is_public } }: { share: Share }) {
  const [revoking, setRevoking] = useState(false)
  const change = useMutation({
    mutationFn: () =>
      patch('/v1/shares/{share_id}', { params: { share_id }, body: { is_public: !is_public } }),
    onSuccess: () => stale('/v1/shares'),
    onError: tellProblem,
  })
  const revoke = useMutation({
    mutationFn: () => del('/v1/shares/{share_id}', { params: { share_id } }),
    onSuccess: async () => {
      await stale('/v1/shares')
      setRevoking(false)
    },
  })
  return (
    <>
      <Menu
        trigger={
          <IconButton
            name={`Actions of ${name}`}
            icon={<Ellipsis aria-hidden className={mark} />}
          />
        }
        actions={[
          {
            words: is_public ? 'Make private' : 'Make public',
            icon: is_public ? (
              <Lock aria-hidden className={mark} />
            ) : (
              <Globe aria-hidden className={mark} />
            ),
            reason: change.isPending ? 'Wait a moment' : null,
            onClick: () => change.mutate(),
          },
          'line',
          {
            words: 'Revoke',
            icon: <Trash2 aria-hidden className={mark} />,
            danger: true,
            onClick: () => setRevoking(true),
          },
        ]}
      />
      {revoking && (
        <ConfirmDelete
          kind="share"
          name={name}
          verb="Revoke"
          working="Revoking…"
          open
          onClose={() => setRevoking(false)}
          onConfirm={() => revoke.mutate()}
          pending={revoke.isPending}
          error={revoke.error}
        >
          <p className="text-ink-2">
            Its address leads nowhere from then on and is never given again; whoever is connected is
            cut off. The microVM goes on.
          </p>
        </ConfirmDelete>
      )}
    </>
  )
}
