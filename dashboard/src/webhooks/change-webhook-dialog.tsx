import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { patch } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { type Draft, draftProblem, WebhookFields } from './webhook-form.tsx'
import type { Webhook } from './webhooks-page.tsx'

export function ChangeWebhookDialog({
  webhook,
  onClose,
}: {
  webhook: Webhook
  onClose: () => void
}) {
  const [draft, setDraft] = useState<Draft>({
    url: webhook.url,
    description: webhook.description ?? '',
    patterns: webhook.event_patterns,
  })
  const change = useMutation({
    mutationFn: () =>
      patch('/api/webhooks/{webhook_id}/', {
        params: { webhook_id: webhook.id },
        body: {
          url: draft.url.trim(),
          event_patterns: [...draft.patterns],
          description: draft.description.trim() || null,
        },
      }),
    onSuccess: async () => {
      await stale('/api/webhooks/')
      onClose()
    },
  })
  return (
    <FormDialog
      title="Change webhook"
      open
      wide
      onClose={onClose}
      onSubmit={() => change.mutate()}
      submit="Save changes"
      submitting="Saving…"
      pending={change.isPending}
      error={change.error}
      reason={draftProblem(draft)}
    >
      <WebhookFields
        draft={draft}
        onDraft={setDraft}
        said={change.error instanceof ApiError ? change.error.fields : {}}
      />
    </FormDialog>
  )
}
