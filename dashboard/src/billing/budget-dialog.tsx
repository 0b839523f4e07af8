import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { put } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/fields.tsx'
import { money } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'

export function BudgetDialog({
  cap,
  used,
  onClose,
}: {
  cap: number | null
  used: number
  onClose: () => void
}) {
  const { currency } = useMe()
  const [text, setText] = useState(cap === null ? '' : String(cap))
  const amount = text.trim() === '' ? null : Number(text)
  const problem =
    amount === null || (Number.isFinite(amount) && amount >= 0.01)
      ? null
      : 'An amount such as 200 or 49.50; empty for no cap.'
  const set = useMutation({
    mutationFn: () => put('/api/account/budget/', { body: { monthly_cap: amount } }),
    onSuccess: async () => {
      await stale('/api/account/budget/', '/api/balance/')
      onClose()
    },
  })
  return (
    <FormDialog
      title="Cap for a month"
      open
      onClose={onClose}
      onSubmit={() => set.mutate()}
      submit={amount === null ? 'Take the cap away' : 'Set the cap'}
      submitting="Saving…"
      pending={set.isPending}
      error={set.error}
      reason={problem}
    >
      <TextField
        label={`Amount in ${currency}`}
        inputMode="decimal"
        value={text}
        onValue={setText}
        error={problem}
        hint={`${money(used, currency)} are used this month. Empty: no cap.`}
      />
      {amount !== null && amount <= used ? (
        <Notice tone="warning">
          That much is used already: within a minute instances will be hibernated, and microVMs
          suspended.
        </Notice>
      ) : (
        <Notice>
          When it is reached, instances are hibernated, microVMs suspended, and nothing new begins.
          Nothing is deleted; disks go on to cost. You are told at 50, 80 and 100 percent.
        </Notice>
      )}
    </FormDialog>
  )
}
