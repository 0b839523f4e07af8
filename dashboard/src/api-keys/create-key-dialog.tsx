import { isWithin, lesserRole, type Role, roles } from '@garrison/contract/accounts/roles'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { post, put } from '../api/client.ts'
import { ApiError, wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { roleWords } from '../people/role-words.ts'
import { useMe } from '../shell/session.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, Switch, TextField } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { type Expiry, expiries, expiryAt, expiryProblem } from './expiry.ts'
import { KeepKeyDialog } from './keep-key-dialog.tsx'
import { capOf, capProblem, whyNoBudget } from './why-no-budget.ts'

type Made = { name: string; text: string; withoutBudget: string | null }

export function CreateKeyDialog({
  taken,
  onClose,
}: {
  taken: readonly string[]
  onClose: () => void
}) {
  const me = useMe()
  const [name, setName] = useState('')
  const [readOnly, setReadOnly] = useState(false)
  const [role, setRole] = useState<Role>(lesserRole(me.role, 'owner'))
  const [expiry, setExpiry] = useState<Expiry>('90')
  const [day, setDay] = useState('')
  const [cap, setCap] = useState('')
  const [made, setMade] = useState<Made | null>(null)
  const noBudget = whyNoBudget(me)
  const create = useMutation({
    mutationFn: async (): Promise<Made> => {
      const { api_key, key } = await post('/api/account/api-keys/', {
        body: {
          name: name.trim(),
          role,
          access: readOnly ? 'read-only' : 'full',
          expires_at: expiryAt(expiry, day, new Date())?.toISOString() ?? null,
        },
      })
      const text = key ?? ''
      const monthly_cap = capOf(cap)
      if (monthly_cap === null) return { name: api_key.name, text, withoutBudget: null }
      // The key is there by now, and its text is shown whatever becomes of its budget.
      const failed = await put('/api/account/api-keys/{api_key_id}/budget/', {
        params: { api_key_id: api_key.id },
        body: { monthly_cap },
      }).then(
        () => null,
        (error: unknown) => wordsOf(error),
      )
      return { name: api_key.name, text, withoutBudget: failed }
    },
    onSuccess: async (key) => {
      setMade(key)
      await stale('/api/account/')
    },
  })
  if (made !== null) return <KeepKeyDialog {...made} onClose={onClose} />
  const fields = create.error instanceof ApiError ? create.error.fields : {}
  const wrongDay = expiryProblem(expiry, day, new Date())
  const wrongCap = capProblem(cap)
  return (
    <FormDialog
      title="Create API key"
      open
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submit="Create key"
      submitting="Creating…"
      pending={create.isPending}
      error={create.error}
      reason={nameProblem(name, { taken }) ?? wrongDay ?? wrongCap}
    >
      <NameField
        value={name}
        onValue={setName}
        taken={taken}
        error={fields.name?.[0]}
        placeholder="backup script"
      />
      <Switch
        label="Only read"
        hint="It sees everything that its role sees, and changes nothing."
        checked={readOnly}
        onChecked={setReadOnly}
      />
      <SelectField
        label="Role"
        value={role}
        onValue={setRole}
        choices={roles
          .filter((each) => isWithin(each, me.role))
          .map((each) => ({ value: each, words: roleWords[each] }))}
        hint="At most your own. It shrinks with yours, and ends when you leave the account."
      />
      <SelectField
        label="Expires"
        value={expiry}
        onValue={setExpiry}
        choices={expiries}
        hint={expiry === 'never' ? 'It works until somebody revokes it.' : undefined}
      />
      {expiry === 'day' && (
        <TextField
          label="Last day"
          type="date"
          value={day}
          onValue={setDay}
          error={day === '' ? null : wrongDay}
        />
      )}
      <TextField
        label={`Budget per month, ${me.currency}`}
        inputMode="decimal"
        value={cap}
        onValue={setCap}
        placeholder="no limit"
        readOnly={noBudget !== null}
        aria-disabled={noBudget !== null || undefined}
        error={wrongCap}
        hint={
          noBudget ??
          'At most that what it makes may cost. Once it is reached, its instances are hibernated, and its microVMs suspended.'
        }
      />
    </FormDialog>
  )
}
