import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { isSnapshotChanging, type MicrovmSnapshot, titleOf } from './snapshot.ts'

export function DeleteMicrovmSnapshotDialog({
  snapshot,
  onClose,
  onDeleted,
}: {
  snapshot: MicrovmSnapshot
  onClose: () => void
  onDeleted?: () => void
}) {
  const remove = useMutation({
    mutationFn: () => del('/v1/snapshots/{snapshot_id}', { params: { snapshot_id: snapshot.id } }),
    onSuccess: async () => {
      onDeleted?.()
      await stale('/v1/snapshots', '/api/operations/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="snapshot"
      name={titleOf(snapshot)}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        {isSnapshotChanging(snapshot.status)
          ? 'It stops being built. '
          : 'Nothing can begin as it any more. '}
        MicroVMs that began as it go on.
      </p>
    </ConfirmDelete>
  )
}
