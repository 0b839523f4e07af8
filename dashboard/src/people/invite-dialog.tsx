import { isWithin, type Role, roles } from '@garrison/contract/accounts/roles'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { waysQuery } from '../sign-in/auth.ts'
import { looksLikeEmail } from '../sign-in/places.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, TextField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import { tell } from '../ui/toast.tsx'
import { roleWords } from './role-words.ts'

export function InviteDialog({
  known,
  onClose,
}: {
  /** Addresses of those who are there, or invited. */
  known: readonly (string | null)[]
  onClose: () => void
}) {
  const me = useMe()
  const { data: ways } = useQuery(waysQuery)
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('member')
  const address = email.trim()
  const invite = useMutation({
    mutationFn: () =>
      post('/api/account/people/', {
        body: { email: address, role, ...(name.trim() === '' ? {} : { name: name.trim() }) },
      }),
    onSuccess: async ({ person }) => {
      await stale('/api/account/people/')
      tell(`${person.email} is invited, for 7 days`)
      onClose()
    },
  })
  const isKnown = known.some((each) => each?.toLowerCase() === address.toLowerCase())
  const wrong = isKnown
    ? `${address} belongs to the account, or is invited already.`
    : looksLikeEmail(address)
      ? null
      : 'Enter an e-mail address.'
  const fields = invite.error instanceof ApiError ? invite.error.fields : {}
  return (
    <FormDialog
      title="Invite somebody"
      open
      onClose={onClose}
      onSubmit={() => invite.mutate()}
      submit="Send invitation"
      submitting="Sending…"
      pending={invite.isPending}
      error={invite.error}
      reason={wrong}
    >
      <TextField
        label="E-mail address"
        type="email"
        autoComplete="off"
        autoCapitalize="none"
        maxLength={254}
        value={email}
        onValue={(value) => {
          invite.reset()
          setEmail(value)
        }}
        error={(isKnown ? wrong : null) ?? fields.email?.[0]}
        hint="They get a link that works for 7 days, and sign in with this address."
      />
      <TextField
        label="Name"
        aside="may be left out"
        autoComplete="off"
        maxLength={100}
        value={name}
        onValue={setName}
        error={fields.name?.[0]}
      />
      <SelectField
        label="Role"
        value={role}
        onValue={setRole}
        choices={roles
          .filter((each) => isWithin(each, me.role))
          .map((each) => ({ value: each, words: roleWords[each] }))}
        hint="At most your own. It can be changed later."
      />
      {ways?.mail === 'files' && (
        <Notice>
          This installation sends no mail yet: the invitation becomes a file in <code>mail/</code>{' '}
          of the data folder. Hand its link on yourself.
        </Notice>
      )}
    </FormDialog>
  )
}
