import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { patch } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/fields.tsx'
import type { Account } from './account-page.tsx'
import { changedLimits, limitFields, limitProblem, typedFrom } from './limits.ts'

export function LimitsDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const [before] = useState(account.limits)
  const [typed, setTyped] = useState(() => typedFrom(before))
  const changed = changedLimits(before, typed)
  const change = useMutation({
    mutationFn: () =>
      patch('/api/operator/accounts/{account_id}/', {
        params: { account_id: account.id },
        body: { limits: changed },
      }),
    onSuccess: async () => {
      await stale('/api/operator/accounts/')
      onClose()
    },
  })
  const wrong = limitFields.some(({ key }) => limitProblem(typed[key]) !== null)
  return (
    <FormDialog
      title={`Limits of ${account.name}`}
      open
      onClose={onClose}
      onSubmit={() => change.mutate()}
      submit="Change limits"
      submitting="Changing…"
      pending={change.isPending}
      error={change.error}
      reason={
        wrong
          ? 'Some of these are no whole numbers'
          : Object.keys(changed).length === 0
            ? 'Nothing is different'
            : null
      }
    >
      <p className="text-ink-2">
        The most it may have at once; nothing: no limit. What it has already stays. The account is
        told.
      </p>
      <div className="grid grid-cols-2 gap-4">
        {limitFields.map(({ key, label, unit }) => (
          <TextField
            key={key}
            label={label}
            aside={unit}
            inputMode="numeric"
            placeholder="no limit"
            value={typed[key]}
            error={limitProblem(typed[key])}
            onValue={(value) => setTyped((all) => ({ ...all, [key]: value }))}
          />
        ))}
      </div>
    </FormDialog>
  )
}
