/** Why somebody may not be changed or removed now; the server refuses by the same rules. */
import { isWithin, may, type Role, whyNotAllowed } from '@garrison/contract/accounts/roles'

export type Someone = {
  readonly id: string
  readonly role: Role
  readonly status: 'invited' | 'expired' | 'active'
  readonly current: boolean
}

const decides = ({ role, status }: Someone) => status === 'active' && may(role, 'people.manage')

/** Nobody would be left who decides. */
const isLastOwner = (person: Someone, people: readonly Someone[]) =>
  decides(person) && !people.some((other) => other.id !== person.id && decides(other))

const lastOwner = 'This is the last owner of the account; make somebody else an owner first'

const whyNotTouch = (person: Someone, mine: Role) =>
  whyNotAllowed(mine, 'people.manage') ??
  (isWithin(person.role, mine)
    ? null
    : `Only an ${person.role} decides about an ${person.role}; you are an ${mine}`)

export const whyNoRoleChange = (person: Someone, people: readonly Someone[], mine: Role) =>
  whyNotTouch(person, mine) ??
  // Between owner and operator one may still move; below, nobody would decide.
  (isLastOwner(person, people) && mine === 'owner' ? lastOwner : null)

export const whyNotRemove = (person: Someone, people: readonly Someone[], mine: Role) =>
  (person.current ? null : whyNotTouch(person, mine)) ??
  (isLastOwner(person, people) ? lastOwner : null)

export const whyNoInvitation = (person: Someone, mine: Role) =>
  person.status === 'active' ? 'They belong to the account already' : whyNotTouch(person, mine)

/** A role that may be given, but for the one that would leave nobody to decide. */
export const rolesFor = (
  roles: readonly Role[],
  person: Someone,
  people: readonly Someone[],
  mine: Role,
) =>
  roles.filter(
    (role) => isWithin(role, mine) && (may(role, 'people.manage') || !isLastOwner(person, people)),
  )
