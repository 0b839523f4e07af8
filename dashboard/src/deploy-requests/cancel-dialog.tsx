import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import type { DeployRequest } from './words.tsx'

export function CancelRequestDialog({
  request: { id, vm_name, position },
  onClose,
}: {
  request: DeployRequest
  onClose: () => void
}) {
  const cancel = useMutation({
    mutationFn: () => del('/api/deploy-requests/{request_id}/', { params: { request_id: id } }),
    onSuccess: async () => {
      await stale('/api/deploy-requests/')
      onClose()
    },
  })
  return (
    <FormDialog
      title="Stop waiting"
      open
      onClose={onClose}
      onSubmit={() => cancel.mutate()}
      submit="Stop waiting"
      submitting="Calling off…"
      pending={cancel.isPending}
      error={cancel.error}
      look="danger"
    >
      <p>
        Call off the deployment of <strong className="font-semibold">{vm_name}</strong>? Nothing was
        charged for it, and its name is free again.
      </p>
      {position !== null && (
        <p className="text-ink-2">
          It gives up its place in the queue, which is number {position}; who asks again stands at
          the end.
        </p>
      )}
    </FormDialog>
  )
}
