import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { reading, stale } from '../api/queries.ts'
import { StepsOf } from '../operations/steps.tsx'
import { Facts } from '../ui/card.tsx'
import { FormDialog } from '../ui/dialog.tsx'
import { gigabytes } from '../ui/format.ts'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import { tell } from '../ui/toast.tsx'
import { withEnding } from './names.ts'
import type { Snapshot } from './snapshot-card.tsx'
import { useInstanceNames } from './use-names.ts'

export function RestoreSnapshotDialog({
  snapshot,
  onClose,
}: {
  snapshot: Snapshot
  onClose: () => void
}) {
  const [name, setName] = useState(() => withEnding(snapshot.name, '-restored'))
  const names = useInstanceNames(name)
  const restore = useMutation({
    mutationFn: () =>
      post('/api/snapshots/{snapshot_id}/restore/', {
        params: { snapshot_id: snapshot.id },
        body: { new_vm_name: name },
      }),
    onSuccess: async ({ data }) => {
      await stale('/api/snapshots/', '/api/instances/')
      tell(`${data.vm_name} is ${data.status === 'ACTIVE' ? 'running' : 'on its way'}.`)
      onClose()
    },
  })
  // Its own machine has the name while it is made.
  const taken = restore.isPending || restore.isSuccess ? [] : names
  return (
    <FormDialog
      title="Restore snapshot"
      open
      onClose={onClose}
      onSubmit={() => restore.mutate()}
      submit="Restore snapshot"
      submitting="Restoring…"
      pending={restore.isPending}
      error={restore.error}
      reason={nameProblem(name, { taken })}
    >
      <Facts
        facts={[
          ['Snapshot', snapshot.name],
          ['Size', gigabytes(snapshot.size_gb)],
          ['VM', snapshot.vm_name],
          ['Region', snapshot.region],
          ['Created', <Time key="created" at={snapshot.created_at} exact />],
          ['Status', <Status key="status" status={snapshot.status} />],
        ]}
      />
      <NameField label="Name of the new instance" value={name} onValue={setName} taken={taken} />
      <p className="text-sm text-ink-3">
        A new instance of the same size is made, with new addresses; the old one is not touched. It
        is charged from the moment that it runs. Firewalls have to be attached again;{' '}
        <Link to={'/firewalls' as string} className="underline">
          see yours
        </Link>
        .
      </p>
      {restore.isPending && <StepsOfNew name={name} />}
    </FormDialog>
  )
}

/** The answer comes when the machine runs; until then it is known by its name. */
function StepsOfNew({ name }: { name: string }) {
  const { data } = useQuery({
    ...reading('/api/instances/', { query: { search: name, page_size: 20 } }),
    refetchInterval: 1_000,
  })
  const made = data?.instances.find(({ vm_name }) => vm_name === name)
  return made ? <StepsOf subject={made.instance_id} /> : null
}
