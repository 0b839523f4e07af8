import { expect, it } from 'vitest'
import { requirePermission } from './permission.ts'

it('refuses with words, or lets pass', () => {
  requirePermission({ role: 'owner' }, 'people.manage')
  expect(() => requirePermission({ role: 'member' }, 'people.manage')).toThrow(
    expect.objectContaining({
      code: 'PERMISSION_DENIED',
      message: expect.stringMatching(/^Only owners may invite/),
    }),
  )
})
