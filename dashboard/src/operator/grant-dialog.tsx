import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/fields.tsx'
import { money } from '../ui/format.ts'
import { tell } from '../ui/toast.tsx'
import type { Account } from './account-page.tsx'

const most = 1_000_000

/** Gives an account credits, once for each reference. */
export function GrantDialog({ account, onClose }: { account: Account; onClose: () => void }) {
  const [amount, setAmount] = useState('')
  const [reference, setReference] = useState(
    () => `${new Date().toISOString().slice(0, 10)}-${account.id}`,
  )
  const [description, setDescription] = useState('')
  const value = Number(amount)
  const isAmount = amount.trim() !== '' && value > 0 && value <= most
  const grant = useMutation({
    mutationFn: () =>
      post('/api/operator/accounts/{account_id}/credits/', {
        params: { account_id: account.id },
        body: {
          amount: value,
          reference: reference.trim(),
          ...(description.trim() === '' ? {} : { description: description.trim() }),
        },
      }),
    onSuccess: async (answer) => {
      // A reference that was used before gives nothing more: said where it was typed.
      if (!answer.granted) return
      await stale('/api/operator/accounts/', '/api/balance/', '/api/credits/')
      onClose()
      tell(
        `${money(answer.amount, answer.currency)} given; ${account.name} has ${money(answer.balance, answer.currency)}`,
      )
    },
  })
  const fields = grant.error instanceof ApiError ? grant.error.fields : {}
  const used = grant.data?.granted === false
  return (
    <FormDialog
      title="Grant credits"
      open
      onClose={onClose}
      onSubmit={() => grant.mutate()}
      submit={isAmount ? `Grant ${money(value, account.currency)}` : 'Grant credits'}
      submitting="Granting…"
      pending={grant.isPending}
      error={grant.error}
      reason={
        isAmount
          ? reference.trim() === ''
            ? 'Give a reference'
            : null
          : 'Say how much, more than 0 and at most 1,000,000'
      }
    >
      <p className="text-ink-2">
        {account.name} has {money(account.balance, account.currency)}. What is given is not taken
        back.
      </p>
      <TextField
        label="Amount"
        aside={account.currency}
        inputMode="decimal"
        value={amount}
        onValue={setAmount}
        error={fields.amount?.[0] ?? (amount !== '' && !isAmount ? 'A number above 0.' : null)}
        placeholder="25"
      />
      <TextField
        label="Reference"
        mono
        maxLength={100}
        value={reference}
        onValue={(text) => {
          grant.reset()
          setReference(text)
        }}
        error={
          fields.reference?.[0] ??
          (used ? 'Credits were given under this reference before; nothing was given now.' : null)
        }
        hint="The same reference gives only once, however often it is sent."
      />
      <TextField
        label="Description"
        aside="may be left out"
        maxLength={200}
        value={description}
        onValue={setDescription}
        hint="The account sees it in its history."
        placeholder="Welcome"
      />
    </FormDialog>
  )
}
