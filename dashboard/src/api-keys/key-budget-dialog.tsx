import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { put } from '../api/client.ts'
import { reading, stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/fields.tsx'
import { money } from '../ui/format.ts'
import type { ApiKey } from './api-keys-page.tsx'
import { capOf, capProblem } from './why-no-budget.ts'

/** What the things that a key makes may cost in a month; empty takes the limit away. */
export function KeyBudgetDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const { currency } = useMe()
  const params = { api_key_id: apiKey.id }
  const [cap, setCap] = useState(apiKey.monthly_cap === null ? '' : String(apiKey.monthly_cap))
  const { data } = useQuery(reading('/api/account/api-keys/{api_key_id}/budget/', { params }))
  const wanted = capOf(cap)
  const save = useMutation({
    mutationFn: () =>
      put('/api/account/api-keys/{api_key_id}/budget/', { params, body: { monthly_cap: wanted } }),
    onSuccess: async () => {
      await stale('/api/account/')
      onClose()
    },
  })
  const used = data?.budget.used
  return (
    <FormDialog
      title={`Budget of “${apiKey.name}”`}
      open
      onClose={onClose}
      onSubmit={() => save.mutate()}
      submit="Save budget"
      submitting="Saving…"
      pending={save.isPending}
      error={save.error}
      reason={capProblem(cap)}
    >
      <TextField
        label={`At most per month, ${currency}`}
        inputMode="decimal"
        value={cap}
        onValue={setCap}
        placeholder="no limit"
        error={capProblem(cap)}
        hint={
          used === undefined
            ? 'Left empty, there is no limit.'
            : `${money(used, currency)} used this month. Left empty, there is no limit.`
        }
      />
      {used !== undefined && wanted !== null && used >= wanted && (
        <p className="text-warning">
          That much is used already: what the key has made is hibernated or suspended at once.
        </p>
      )}
      <p className="text-ink-3">
        At the limit the instances that it made are hibernated, its microVMs suspended, and it makes
        nothing new until next month. Nothing is deleted, and nothing restarts by itself.
      </p>
    </FormDialog>
  )
}
