import { describe, expect, it } from 'vitest'
import { type FirewallAction, firewallActions, firewallStatuses, whyNot } from './states.ts'

const actions = Object.keys(firewallActions) as FirewallAction[]

describe('the state table of firewalls', () => {
  it.each(actions)('accepts %s while nothing else is going on', (action) => {
    const accepted = firewallStatuses.filter((status) => whyNot(action, status) === null)
    expect(accepted).toEqual(['SUCCESS', 'ERROR'])
  })

  it('refuses with a sentence', () => {
    expect(whyNot('attach', 'DELETING')).toBe(
      'Firewall must be SUCCESS or ERROR to be attached; it is DELETING',
    )
  })
})
