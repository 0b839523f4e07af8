import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { tell } from '../ui/toast.tsx'
import type { Policy } from './policy-state.ts'

export function DeletePolicyDialog({
  policy: { id, name },
  onClose,
  onDeleted,
}: {
  policy: Policy
  onClose: () => void
  onDeleted: () => void
}) {
  const remove = useMutation({
    mutationFn: () => del('/api/snapshot-policies/{policy_id}/', { params: { policy_id: id } }),
    onSuccess: async () => {
      onDeleted()
      await stale('/api/snapshot-policies/')
      tell(`The policy ${name} is gone; its snapshots stay.`)
    },
  })
  return (
    <ConfirmDelete
      kind="policy"
      name={name}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        The snapshots that it took stay, and are charged until you delete them. Nothing new is taken
        and nothing is thinned out.
      </p>
    </ConfirmDelete>
  )
}
