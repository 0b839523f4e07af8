import { describe, expect, it } from 'vitest'
import {
  canInstance,
  type InstanceAction,
  type InstanceTransition,
  instanceActions,
  instanceStatuses,
  isTransitional,
  transitionalStatuses,
  whyNot,
} from './states.ts'

const actions = Object.keys(instanceActions) as InstanceAction[]
const transition = (action: InstanceAction): InstanceTransition => instanceActions[action]

/** The published table, action by action. */
const accepted = {
  start: ['SHUTOFF'],
  stop: ['ACTIVE'],
  reboot: ['ACTIVE', 'ERROR'],
  hibernate: ['ACTIVE'],
  'hibernate-unpaid': ['ACTIVE', 'SHUTOFF'],
  restore: ['HIBERNATED'],
  snapshot: ['ACTIVE'],
  rollback: ['SHUTOFF', 'ERROR'],
  'rollback-running': ['ACTIVE'],
  'attach-firewall': ['ACTIVE'],
  'add-security-rule': ['ACTIVE'],
  'toggle-public-ip': ['ACTIVE', 'SHUTOFF'],
  delete: instanceStatuses.filter((status) => status !== 'DELETED'),
} as const satisfies Record<InstanceAction, readonly string[]>

describe('the state table of instances', () => {
  it.each(actions)('accepts %s exactly where the published table does', (action) => {
    const states = instanceStatuses.filter((status) => canInstance(action, status))
    expect(states.toSorted()).toEqual(accepted[action].toSorted())
  })

  it.each(actions.flatMap((action) => instanceStatuses.map((status) => [action, status] as const)))(
    'either accepts %s of %s or says why not',
    (action, status) => {
      expect(whyNot(action, status) === null).toBe(canInstance(action, status))
      expect(whyNot(action, status)).not.toBe('')
    },
  )

  it.each(transitionalStatuses)('accepts nothing but deletion while %s', (status) => {
    expect(actions.filter((action) => canInstance(action, status))).toEqual(['delete'])
  })

  it('ends every action at rest, whether it went well or not', () => {
    for (const action of actions) {
      const { to, onFailure } = transition(action)
      for (const end of [to, onFailure])
        expect([action, end !== null && isTransitional(end)]).toEqual([action, false])
    }
  })

  it('leaves no state but DELETED without a way out', () => {
    const stuck = instanceStatuses.filter((status) => !actions.some((a) => canInstance(a, status)))
    expect(stuck).toEqual(['DELETED'])
  })

  it('refuses in the published words', () => {
    expect(whyNot('hibernate', 'SHUTOFF')).toBe(
      'Instance must be ACTIVE to hibernate; it is SHUTOFF',
    )
    expect(whyNot('reboot', 'SHUTOFF')).toBe(
      'Instance must be ACTIVE or ERROR to reboot; it is SHUTOFF',
    )
  })

  it('tells whoever asks too early to wait', () => {
    expect(whyNot('stop', 'STARTING')).toBe('Instance is STARTING; wait until that has finished')
  })
})
