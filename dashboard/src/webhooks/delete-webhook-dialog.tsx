import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import type { Webhook } from './webhooks-page.tsx'

export function DeleteWebhookDialog({
  webhook,
  onClose,
  onDeleted,
}: {
  webhook: Webhook
  onClose: () => void
  onDeleted: () => void
}) {
  const remove = useMutation({
    mutationFn: () => del('/api/webhooks/{webhook_id}/', { params: { webhook_id: webhook.id } }),
    onSuccess: async () => {
      onDeleted()
      await stale('/api/webhooks/')
    },
  })
  return (
    <ConfirmDelete
      kind="webhook"
      name={webhook.url}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        Its deliveries and its secret go with it; what was still to be sent is not. To stop it for a
        while, switch it off.
      </p>
    </ConfirmDelete>
  )
}
