import { describe, expect, it } from 'vitest'
import { actions, isWithin, lesserRole, may, roles, whyNotAllowed } from './roles.ts'

describe('a role', () => {
  it('may what a lesser one may', () => {
    for (const action of actions) {
      const allowed = roles.map((role) => may(role, action))
      expect(allowed, action).toEqual([...allowed].sort((a, b) => Number(a) - Number(b)))
      expect(allowed.at(-1), action).toBe(true)
    }
  })

  it('of a member decides nothing about the account, and hears who does', () => {
    expect(actions.filter((action) => may('member', action))).toEqual([])
    expect(whyNotAllowed('member', 'people.manage')).toBe(
      'Only owners may invite, change and remove people; you are a member. Ask an owner of the account',
    )
  })

  it('of an owner is everything but running the installation', () => {
    expect(actions.filter((action) => !may('owner', action))).toEqual(['installation.operate'])
    expect(whyNotAllowed('owner', 'installation.operate')).toBe(
      'Only an operator may run the installation; you are an owner',
    )
  })

  it('gives away no more than itself', () => {
    expect(isWithin('owner', 'owner')).toBe(true)
    expect(isWithin('operator', 'owner')).toBe(false)
    expect(lesserRole('operator', 'member')).toBe('member')
  })
})
