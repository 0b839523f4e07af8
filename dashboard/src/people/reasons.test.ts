import { type Role, roles } from '@garrison/contract/accounts/roles'
import { expect, it } from 'vitest'
import {
  rolesFor,
  type Someone,
  whyNoInvitation,
  whyNoRoleChange,
  whyNotRemove,
} from './reasons.ts'

const person = (id: string, role: Role, more: Partial<Someone> = {}): Someone => ({
  ...{ id, role, status: 'active', current: false },
  ...more,
})
const ada = person('ada', 'owner', { current: true })
const grace = person('grace', 'member')
const invited = person('linus', 'owner', { status: 'invited' })

it('keeps the last owner; one who is only invited is none', () => {
  const people = [ada, grace, invited]
  expect(whyNotRemove(ada, people, 'owner')).toMatch('last owner')
  expect(whyNoRoleChange(ada, people, 'owner')).toMatch('last owner')
  expect(rolesFor(roles, ada, people, 'operator')).toEqual(['owner', 'operator'])
  const more = [...people, person('eve', 'owner')]
  expect(whyNotRemove(ada, more, 'owner')).toBeNull()
  expect(rolesFor(roles, ada, more, 'owner')).toEqual(['member', 'owner'])
})

it('lets members leave and nothing else', () => {
  const me = { ...grace, current: true }
  expect(whyNotRemove(me, [ada, me], 'member')).toBeNull()
  const other = { ...ada, current: false }
  expect(whyNotRemove(other, [other, me], 'member')).toMatch('Only owners')
  expect(whyNoRoleChange(me, [ada, me], 'member')).toMatch('Only owners')
})

it('lets nobody decide about those who may more', () => {
  const operator = person('op', 'operator')
  expect(whyNotRemove(operator, [ada, operator], 'owner')).toMatch('Only an operator')
})

it('sends invitations again to those who have not come', () => {
  expect(whyNoInvitation(invited, 'owner')).toBeNull()
  expect(whyNoInvitation(grace, 'owner')).toMatch('already')
})
