import type { Person } from '@garrison/contract/accounts/people'
import type { Caller } from '../caller.ts'
import type * as store from './store.ts'

export const personAnswer = (person: store.Person, caller: Caller, now: Date): Person => ({
  id: person.id,
  name: person.name,
  email: person.email,
  role: person.role,
  status:
    person.joined_at !== null
      ? 'active'
      : person.invitation_expires_at !== null && person.invitation_expires_at > now
        ? 'invited'
        : 'expired',
  invited_at: person.invited_at?.toISOString() ?? null,
  invitation_expires_at: person.invitation_expires_at?.toISOString() ?? null,
  joined_at: person.joined_at?.toISOString() ?? null,
  current: person.id === caller.personId,
})
