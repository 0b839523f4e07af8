import { whyNot } from '@garrison/contract/instances/states'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { isNotFound, wordsOf } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { Switch } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Notice } from '../ui/notice.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { Time } from '../ui/time.tsx'
import { tell } from '../ui/toast.tsx'
import { withEnding } from './names.ts'
import type { Snapshot } from './snapshot-card.tsx'
import { useSnapshotNames } from './use-names.ts'

type RolledBack = Pick<Snapshot, 'id' | 'name' | 'created_at' | 'vm_name' | 'memory'> & {
  instance_id: string | null
}

/** The machine stays what it is, with an older disk. What was written since then is lost, or kept first. */
export function RollbackDialog({
  snapshot,
  onClose,
}: {
  snapshot: RolledBack
  onClose: () => void
}) {
  const instanceId = snapshot.instance_id ?? ''
  const source = useQuery(
    reading('/api/instances/{instance_id}/', { params: { instance_id: instanceId } }),
  )
  const instance = source.data?.instance
  const [keep, setKeep] = useState(true)
  const [first, setFirst] = useState(() => withEnding(snapshot.vm_name, '-before-rollback'))
  const taken = useSnapshotNames(first)
  const running = instance?.status === 'ACTIVE'
  const rollBack = useMutation({
    mutationFn: () =>
      post('/api/instances/{instance_id}/rollback/', {
        params: { instance_id: instanceId },
        body: {
          snapshot_id: snapshot.id,
          ...(keep ? { snapshot_first: first } : {}),
          ...(running ? { force: true } : {}),
        },
      }),
    onSuccess: async ({ vm_name }) => {
      await stale('/api/snapshots/', '/api/instances/', '/api/operations/')
      tell(`${vm_name} is being rolled back to ${snapshot.name}.`)
      onClose()
    },
  })
  return (
    <FormDialog
      title="Roll back"
      icon={<TriangleAlert aria-hidden className="size-5 text-problem" />}
      open
      onClose={onClose}
      onSubmit={() => rollBack.mutate()}
      submit="Roll back"
      submitting="Rolling back…"
      look="danger"
      pending={rollBack.isPending}
      error={rollBack.error}
      reason={
        instance === undefined
          ? 'The instance is not known yet'
          : ((running ? null : whyNot('rollback', instance.status)) ??
            (keep ? nameProblem(first, { taken }) : null))
      }
    >
      {source.isPending && <Spinner words="Looking for the instance …" />}
      {source.isError && (
        <Notice tone="warning">
          {isNotFound(source.error)
            ? `${snapshot.vm_name} is gone. Restore the snapshot as a new instance instead.`
            : wordsOf(source.error)}
        </Notice>
      )}
      {instance && (
        <>
          <p>
            Put the disk of{' '}
            <Link
              to="/instances/$id"
              params={{ id: instance.instance_id }}
              className="font-semibold underline"
            >
              {instance.vm_name}
            </Link>{' '}
            back to <strong className="font-semibold">{snapshot.name}</strong>, which was taken{' '}
            <Time at={snapshot.created_at} />. Everything written to it since then is lost
            {keep ? ' to the instance, and kept in a snapshot.' : ', and cannot be brought back.'}
          </p>
          <p className="text-ink-2">
            {running && 'It runs: it is stopped before, and started afterwards. '}
            Its name, addresses, firewalls, keys and volumes stay
            {snapshot.memory ? '; it begins from the disk, not from the memory.' : '.'}
          </p>
          <Switch
            label="Take a snapshot of the present state first"
            hint="So that there is a way back. It costs what any snapshot does."
            checked={keep}
            onChecked={setKeep}
          />
          {keep && (
            <NameField
              label="Name of that snapshot"
              value={first}
              onValue={setFirst}
              taken={taken}
            />
          )}
        </>
      )}
    </FormDialog>
  )
}
