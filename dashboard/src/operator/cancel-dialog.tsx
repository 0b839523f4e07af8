import { useMutation } from '@tanstack/react-query'
import { TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { operationWords } from '../operations/steps.tsx'
import { FormDialog } from '../ui/dialog.tsx'
import { TextArea } from '../ui/fields.tsx'
import type { Operation } from './operation-page.tsx'

export function CancelDialog({
  operation,
  onClose,
}: {
  operation: Operation
  onClose: () => void
}) {
  const [reason, setReason] = useState('')
  const cancel = useMutation({
    mutationFn: () =>
      post('/api/operator/operations/{operation_id}/cancel/', {
        params: { operation_id: operation.id },
        body: reason.trim() === '' ? {} : { reason: reason.trim() },
      }),
    onSuccess: async () => {
      await stale('/api/operator/', '/api/operations/')
      onClose()
    },
  })
  return (
    <FormDialog
      title="Cancel operation"
      icon={<TriangleAlert aria-hidden className="size-5 text-problem" />}
      open
      onClose={onClose}
      onSubmit={() => cancel.mutate()}
      submit="Cancel and undo"
      submitting="Cancelling…"
      pending={cancel.isPending}
      error={cancel.error}
      reason={operation.why_not_cancel}
      look="danger"
    >
      <p>
        “{operationWords(operation.kind)}” of <code>{operation.subject.id}</code> stops at once, and
        what it did so far is undone. What it was about may be left in ERROR, as when it had failed.
      </p>
      <TextArea
        label="Reason"
        aside="may be left out"
        hint="Told to the account."
        maxLength={500}
        value={reason}
        onValue={setReason}
      />
    </FormDialog>
  )
}
