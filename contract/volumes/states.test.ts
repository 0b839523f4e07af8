import { describe, expect, it } from 'vitest'
import { isTransitional, volumeActions, volumeStatuses, whyNot, whyNotPlug } from './states.ts'

const actions = Object.keys(volumeActions) as (keyof typeof volumeActions)[]

describe('a volume', () => {
  it.each(actions)('%s is accepted exactly where the table says', (action) => {
    const accepted = volumeStatuses.filter((status) => whyNot(action, status) === null)
    expect(accepted).toEqual(
      volumeStatuses.filter((status) => volumeActions[action].from.includes(status as never)),
    )
  })

  it.each(volumeStatuses.filter(isTransitional))('accepts nothing while it is %s', (status) => {
    for (const action of actions) expect(whyNot(action, status)).toContain(`it is ${status}`)
  })
})

it('says in which state of the instance volumes come and go, by what the region can', () => {
  const both = { hotplug: true, coldplug: true }
  expect(whyNotPlug('ACTIVE', 'attach', both)).toBeNull()
  expect(whyNotPlug('SHUTOFF', 'detach', both)).toBeNull()
  expect(whyNotPlug('HIBERNATED', 'attach', both)).toBe(
    'Instance must be ACTIVE or SHUTOFF to attach volumes; it is HIBERNATED',
  )
  expect(whyNotPlug('ACTIVE', 'detach', { hotplug: false, coldplug: true })).toBe(
    'Instance must be SHUTOFF to detach volumes; it is ACTIVE',
  )
})
