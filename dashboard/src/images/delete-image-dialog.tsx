import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'

export function DeleteImageDialog({
  image: { id, name },
  onClose,
}: {
  image: { readonly id: string; readonly name: string }
  onClose: () => void
}) {
  const remove = useMutation({
    mutationFn: () => del('/api/custom-images/{image_id}/', { params: { image_id: id } }),
    onSuccess: async () => {
      await stale('/api/custom-images/', '/api/snapshots/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="image"
      name={name}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        No new instance can begin as it. Instances that were deployed from it, and the snapshot that
        it was made of, stay.
      </p>
    </ConfirmDelete>
  )
}
