import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { gigabytes } from '../ui/format.ts'
import type { Acted } from './actions.tsx'

export function DeleteInstanceDialog({
  instance: { instance_id, vm_name, storage_gb },
  onClose,
}: {
  instance: Acted
  onClose: () => void
}) {
  const remove = useMutation({
    mutationFn: () => del('/api/instances/{instance_id}/', { params: { instance_id } }),
    onSuccess: async () => {
      await stale('/api/instances/', '/api/volumes/', '/api/operations/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="instance"
      name={vm_name}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        Its root disk of {gigabytes(storage_gb)} and its addresses go with it. Attached volumes,
        snapshots and images stay, and what they cost does too.
      </p>
    </ConfirmDelete>
  )
}
