import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { Facts } from '../ui/card.tsx'
import { cx } from '../ui/cx.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { gigabytes } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { useVolumeChange } from './use-volume-change.ts'
import { typeName, type Volume } from './volume-card.tsx'

/** In one tier volumes come to machines that run, in the other to those that are stopped, as published. */
const wanted = ({ tier }: Volume) => (tier === 'advanced' ? 'SHUTOFF' : 'ACTIVE')

export function AttachDialog({ volume, onClose }: { volume: Volume; onClose: () => void }) {
  const list = useQuery(
    reading('/api/instances/', { query: { region: volume.region, page_size: 100 } }),
  )
  const machines = list.data?.instances ?? []
  const possible = machines.filter(({ status }) => status === wanted(volume))
  const [chosen, setChosen] = useState<string | null>(null)
  const target = chosen ?? possible[0]?.instance_id ?? null
  const attach = useVolumeChange(
    () =>
      post('/api/volumes/attach/', {
        body: { instance_id: target ?? '', volume_ids: [volume.id] },
      }),
    onClose,
  )
  const state = wanted(volume) === 'ACTIVE' ? 'running' : 'stopped'
  return (
    <FormDialog
      title={`Attach ${volume.name}`}
      open
      wide
      onClose={onClose}
      onSubmit={() => attach.mutate()}
      submit="Attach volume"
      submitting="Attaching…"
      pending={attach.isPending}
      error={attach.error}
      reason={target === null ? `No instance in ${volume.region} is ${state}` : null}
    >
      <Facts
        columns={2}
        facts={[
          ['Size', gigabytes(volume.size_gb)],
          ['Type', typeName(volume.volume_type)],
          ['Region', volume.region],
          ['Bootable', volume.bootable ? 'Yes' : 'No'],
        ]}
      />
      {list.isPending && <Spinner words="Loading instances …" />}
      {list.data && machines.length === 0 && (
        <Notice tone="warning">
          There is no instance in {volume.region}. Volumes never leave their region.
        </Notice>
      )}
      <fieldset className="border-t border-hairline">
        <legend className="sr-only">Instance</legend>
        {machines.map(({ instance_id, vm_name, status }) => {
          const can = status === wanted(volume)
          return (
            <label
              key={instance_id}
              className={cx(
                'flex min-h-10 items-center gap-3 border-b border-hairline py-1',
                !can && 'text-ink-3',
              )}
            >
              <input
                type="radio"
                name="instance"
                disabled={!can}
                checked={target === instance_id}
                onChange={() => setChosen(instance_id)}
                className="size-4 shrink-0 accent-(--accent)"
              />
              <span className="grow">{vm_name}</span>
              {!can && <span className="text-sm">is not {state}</span>}
              <Status status={status} />
            </label>
          )
        })}
      </fieldset>
    </FormDialog>
  )
}
