import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SecretDialog } from './secret-dialog.tsx'
import { type Draft, draftProblem, WebhookFields } from './webhook-form.tsx'

export function CreateWebhookDialog({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>({ url: '', description: '', patterns: [] })
  const create = useMutation({
    mutationFn: () =>
      post('/api/webhooks/', {
        body: {
          url: draft.url.trim(),
          event_patterns: [...draft.patterns],
          ...(draft.description.trim() === '' ? {} : { description: draft.description.trim() }),
        },
      }),
    onSuccess: () => stale('/api/webhooks/'),
  })
  if (create.data) {
    return (
      <SecretDialog
        title="Keep the secret"
        url={create.data.webhook.url}
        secret={create.data.secret ?? ''}
        onClose={onClose}
      />
    )
  }
  return (
    <FormDialog
      title="Create webhook"
      open
      wide
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submit="Create webhook"
      submitting="Creating…"
      pending={create.isPending}
      error={create.error}
      reason={draftProblem(draft)}
    >
      <WebhookFields
        draft={draft}
        onDraft={(next) => {
          create.reset()
          setDraft(next)
        }}
        said={create.error instanceof ApiError ? create.error.fields : {}}
      />
    </FormDialog>
  )
}
