import { type Role, roles } from '@garrison/contract/accounts/roles'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { patch } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField } from '../ui/fields.tsx'
import { Notice } from '../ui/notice.tsx'
import type { Person } from './people-page.tsx'
import { rolesFor } from './reasons.ts'
import { roleWords } from './role-words.ts'

export function ChangeRoleDialog({
  person,
  people,
  onClose,
}: {
  person: Person
  people: readonly Person[]
  onClose: () => void
}) {
  const me = useMe()
  const [role, setRole] = useState<Role>(person.role)
  const change = useMutation({
    mutationFn: () =>
      patch('/api/account/people/{person_id}/', {
        params: { person_id: person.id },
        body: { role },
      }),
    onSuccess: async () => {
      await stale('/api/account/')
      onClose()
    },
  })
  const called = person.name || person.email || 'this person'
  return (
    <FormDialog
      title={`Role of ${called}`}
      open
      onClose={onClose}
      onSubmit={() => change.mutate()}
      submit="Change role"
      submitting="Changing…"
      pending={change.isPending}
      error={change.error}
      reason={role === person.role ? 'That is the role now' : null}
    >
      <SelectField
        label="Role"
        value={role}
        onValue={setRole}
        choices={rolesFor(roles, person, people, me.role).map((each) => ({
          value: each,
          words: roleWords[each],
        }))}
        hint="It counts at once. Keys that they made may do no more than they."
      />
      {person.current && role === 'member' && (
        <Notice tone="warning">
          You could not take this back yourself: only an owner makes owners.
        </Notice>
      )}
    </FormDialog>
  )
}
