import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { type Answer, del } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { listCall } from '../ui/api-call.tsx'
import { Button } from '../ui/button.tsx'
import { Card, CardGrid, Facts } from '../ui/card.tsx'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { CopyButton } from '../ui/copy.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { FilterSelect, SearchBox } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Time } from '../ui/time.tsx'
import { AddSshKeyDialog } from './add-ssh-key-dialog.tsx'
import type { SshKeysSearch } from './routes.ts'

type SshKey = Answer<'get', '/api/ssh-keys/'>['ssh_keys'][number]

const size = 6
/** An account has 25 at most, so that all come at once and are sorted here. */
const most = 100

export function SshKeysPage() {
  const { page = 1, search = '', sort, create } = useSearch({ from: '/shell/ssh-keys' })
  const navigate = useNavigate({ from: '/ssh-keys' })
  const region = useRegion()
  const [leaving, setLeaving] = useState<SshKey | null>(null)
  const list = useQuery({
    ...reading('/api/ssh-keys/', { query: { page_size: most, search, region } }),
    refetchInterval: pollWhenBroken,
  })
  const keys = [...(list.data?.ssh_keys ?? [])]
  if (sort === 'name') keys.sort((a, b) => a.name.localeCompare(b.name))
  const total = keys.length
  const last = Math.max(1, Math.ceil(total / size))
  const shown = keys.slice((Math.min(page, last) - 1) * size).slice(0, size)
  const go = (change: SshKeysSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const addButton = (
    <Button look="primary" onClick={() => go({ create: true })}>
      Add SSH key
    </Button>
  )
  return (
    <Page
      guide="manage-ssh-keys"
      title="SSH keys"
      lead={list.data && plural(list.data.pagination.total_count, 'key')}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/ssh-keys/',
          { search, region },
          { command: 'garrison ssh-key list', flags: ['search'] },
        ),
      ]}
      action={addButton}
    >
      {(total > 1 || search) && (
        <div className="flex flex-wrap gap-2">
          <SearchBox
            label="Search keys"
            value={search}
            onValue={(value) => go({ search: value, page: undefined })}
          />
          <FilterSelect
            label="Order"
            all="Newest first"
            value={sort ?? ''}
            choices={[{ value: 'name', words: 'By name' }]}
            onValue={(value) => go({ sort: value === 'name' ? 'name' : undefined })}
          />
        </div>
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="SSH keys" />}
      {shown.length > 0 && (
        <CardGrid label="SSH keys">
          {shown.map((key) => (
            <SshKeyCard key={key.id} sshKey={key} onDelete={() => setLeaving(key)} />
          ))}
        </CardGrid>
      )}
      {list.data &&
        total === 0 &&
        (search ? (
          <NothingFound what="keys" onClear={() => go({ search: '' })} />
        ) : (
          <Empty
            title="No SSH key yet"
            action={addButton}
            call={{
              method: 'POST',
              path: '/api/ssh-keys/',
              body: '{"name":"laptop","public_key":"$(cat ~/.ssh/id_ed25519.pub)"}',
              command: 'garrison ssh-key add laptop ~/.ssh/id_ed25519.pub',
            }}
          >
            Machines let in whoever holds a key that they know, so every deployment needs one.
            Import yours, or have a pair made.
          </Empty>
        ))}
      <Pager page={page} total={total} size={size} onPage={(next) => go({ page: next })} />
      {create && <AddSshKeyDialog onClose={() => go({ create: undefined })} />}
      {leaving && <DeleteDialog sshKey={leaving} onClose={() => setLeaving(null)} />}
    </Page>
  )
}

function SshKeyCard({ sshKey, onDelete }: { sshKey: SshKey; onDelete: () => void }) {
  const { name, fingerprint, public_key, key_type, created_at, regions } = sshKey
  return (
    <Card
      title={name}
      mark={<KeyRound aria-hidden className="size-4" />}
      actions={
        <Button look="danger-ask" onClick={onDelete}>
          Delete
        </Button>
      }
    >
      <Facts
        columns="card"
        facts={[
          ['Fingerprint', <code key="fingerprint">{fingerprint}</code>],
          ['Type', key_type],
          ['Created', <Time key="created" at={created_at} />],
          [
            'Regions',
            <span key="regions" title={regions.join(', ')}>
              {regions.length > 2 ? `all ${regions.length}` : regions.join(', ')}
            </span>,
          ],
          [
            'Public key',
            <span key="public" className="flex items-center gap-1">
              <code className="truncate">{public_key}</code>
              <CopyButton text={public_key} name="Copy public key" />
            </span>,
          ],
        ]}
      />
    </Card>
  )
}

function DeleteDialog({ sshKey, onClose }: { sshKey: SshKey; onClose: () => void }) {
  const remove = useMutation({
    mutationFn: () => del('/api/ssh-keys/{key_id}/', { params: { key_id: sshKey.id } }),
    onSuccess: async () => {
      await stale('/api/ssh-keys/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="SSH key"
      name={sshKey.name}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        It goes from every region. A key that an instance uses cannot be deleted.
      </p>
    </ConfirmDelete>
  )
}
