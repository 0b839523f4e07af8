import { useMutation } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SecretDialog } from './secret-dialog.tsx'
import type { Webhook } from './webhooks-page.tsx'

export function RotateSecretDialog({
  webhook,
  onClose,
}: {
  webhook: Webhook
  onClose: () => void
}) {
  const rotate = useMutation({
    mutationFn: () =>
      post('/api/webhooks/{webhook_id}/rotate-secret/', { params: { webhook_id: webhook.id } }),
    onSuccess: () => stale('/api/webhooks/'),
  })
  if (rotate.data) {
    return (
      <SecretDialog
        title="Keep the new secret"
        url={webhook.url}
        secret={rotate.data.secret ?? ''}
        note="For 24 hours the former secret signs as well, so that the receiver can change over."
        onClose={onClose}
      />
    )
  }
  return (
    <FormDialog
      title="New secret"
      open
      onClose={onClose}
      onSubmit={() => rotate.mutate()}
      submit="Make a new secret"
      submitting="Making…"
      pending={rotate.isPending}
      error={rotate.error}
    >
      <p>
        From now on everything is signed with a new secret, and for 24 hours with the present one
        too. After that only the new one counts.
      </p>
      {webhook.old_secret_until !== null && (
        <p className="text-warning">
          One was made less than a day ago. The secret before that one stops signing at once.
        </p>
      )}
    </FormDialog>
  )
}
