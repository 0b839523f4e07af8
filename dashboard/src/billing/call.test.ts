import { expect, it } from 'vitest'
import { recordsCall } from './call.ts'

it('is the list as it is filtered', () => {
  expect(recordsCall('volumes', {})).toEqual({
    method: 'GET',
    path: '/api/volumes/billing/',
    command: 'garrison billing volumes',
  })
  expect(recordsCall('microvms', { from: '2026-01-10', to: '2026-01-11', of: 'vm_1' })).toEqual({
    method: 'GET',
    path: '/api/microvms/billing/?start_date=2026-01-10&end_date=2026-01-11&resource_id=vm_1',
    command: 'garrison billing microvms --from 2026-01-10 --to 2026-01-11',
  })
  // Left over in the address from the other tab.
  expect(recordsCall('volumes', { type: 'microvm' })).toMatchObject({
    path: '/api/volumes/billing/',
  })
})
