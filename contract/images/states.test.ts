import { describe, expect, it } from 'vitest'
import { canImage, type ImageAction, imageActions, imageStatuses, whyNot } from './states.ts'

const actions = Object.keys(imageActions) as ImageAction[]

const accepted = {
  deploy: ['available'],
  delete: ['available', 'error'],
} as const satisfies Record<ImageAction, readonly string[]>

describe('the state table of images', () => {
  it.each(actions)('accepts %s exactly where it should', (action) => {
    expect(imageStatuses.filter((status) => canImage(action, status))).toEqual(accepted[action])
  })

  it.each(actions.flatMap((action) => imageStatuses.map((status) => [action, status] as const)))(
    'either accepts %s of %s or says why not',
    (action, status) => {
      expect(whyNot(action, status) === null).toBe(canImage(action, status))
      expect(whyNot(action, status)).not.toBe('')
    },
  )

  it('refuses with a sentence', () => {
    expect(whyNot('deploy', 'creating')).toBe(
      'Image must be available to be deployed; it is creating',
    )
  })
})
