import { may } from '@garrison/contract/accounts/roles'
import type { Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import * as store from './store.ts'

/** Throws LAST_OWNER when nobody would be left to decide. Under the account's lock. */
export async function requireOtherOwner(tx: Tx, person: store.Person) {
  const decides = ({ role, joined_at }: store.Person) =>
    joined_at !== null && may(role, 'people.manage')
  if (!decides(person)) return
  const people = await store.listPeople(tx, person.account_id)
  if (people.some((other) => other.id !== person.id && decides(other))) return
  throw new DomainError(
    'LAST_OWNER',
    'This is the last owner of the account; make somebody else an owner first',
  )
}
