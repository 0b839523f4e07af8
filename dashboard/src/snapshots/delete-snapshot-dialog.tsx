import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import type { Snapshot } from './snapshot-card.tsx'

export function DeleteSnapshotDialog({
  snapshot: { id, name },
  onClose,
}: {
  snapshot: Snapshot
  onClose: () => void
}) {
  const remove = useMutation({
    mutationFn: () => del('/api/snapshots/{snapshot_id}/', { params: { snapshot_id: id } }),
    onSuccess: async () => {
      await stale('/api/snapshots/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="snapshot"
      name={name}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        Instances that were restored from it and images that were made of it stay as they are.
      </p>
    </ConfirmDelete>
  )
}
