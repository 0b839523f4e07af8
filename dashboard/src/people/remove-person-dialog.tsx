import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { queryClient, stale } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import type { Person } from './people-page.tsx'

/** Also for whoever leaves themselves, which ends their session. */
export function RemovePersonDialog({ person, onClose }: { person: Person; onClose: () => void }) {
  const me = useMe()
  const remove = useMutation({
    mutationFn: () => del('/api/account/people/{person_id}/', { params: { person_id: person.id } }),
    onSuccess: async () => {
      if (person.current) {
        queryClient.clear()
        return location.assign('/sign-in')
      }
      await stale('/api/account/')
      onClose()
    },
  })
  const invited = person.status !== 'active'
  return (
    <ConfirmDelete
      kind={person.current ? 'account' : invited ? 'invitation of' : 'person'}
      name={person.current ? me.name : person.name || person.email || 'whoever set this up'}
      verb={person.current ? 'Leave' : invited ? 'Withdraw' : 'Remove'}
      working={person.current ? 'Leaving…' : invited ? 'Withdrawing…' : 'Removing…'}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        {invited
          ? 'The link in their mail works no more. They can be invited again.'
          : person.current
            ? 'You are signed out, and keys that you made stop working. Machines, disks and snapshots stay: they are the account’s. To come back, somebody has to invite you.'
            : 'They are signed out at once, and keys that they made stop working. Machines, disks and snapshots stay: they are the account’s.'}
      </p>
    </ConfirmDelete>
  )
}
