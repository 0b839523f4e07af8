/** Where credits are needed, storage needs some too, and somebody who can be billed. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'

const { billing } = loadConfig({ env: {}, dataDir: '/nowhere' })

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let snapshotId: string
let instanceId: string
beforeEach(async () => {
  api = await createApi({ config: { billing: { ...billing, mode: 'prepaid' } } })
  me = await api.client()
  await grant(2_000_000)
  const instance = await api.runningInstance(me.caller)
  instanceId = instance.public_id
  snapshotId = (await api.readySnapshot(me.caller, instance)).public_id
})
afterEach(() => api.close())

const grant = (micros: number) =>
  api.change((tx) =>
    api.services.billing.grant(tx, {
      accountId: me.caller.accountId,
      currency: 'USD',
      micros,
      description: 'Test',
    }),
  )

const requests = () => [
  () => me.post('/api/snapshots/', { instance_id: instanceId, name: 'next' }),
  () => me.post('/api/custom-images/', { snapshot_id: snapshotId, name: 'base' }),
]

it('a snapshot and an image need a dollar', async () => {
  await grant(-1_000_001)
  for (const request of requests()) {
    const before = await footprint(api)
    expectRefusal(await request(), 403, 'INSUFFICIENT_CREDITS', /\$1\.00/)
    expect(await footprint(api)).toEqual(before)
  }
  await grant(1)
  for (const request of requests()) {
    expect(await request()).toMatchObject({ status: 200 })
    await api.settle()
  }
})

it('a restore needs an hour of the machine', async () => {
  await grant(-1_995_000)
  const restore = () => me.post(`/api/snapshots/${snapshotId}/restore/`, { new_vm_name: 'again' })
  expectRefusal(await restore(), 403, 'INSUFFICIENT_CREDITS', /\$0\.01/)
  await grant(5_000)
  expect(await restore()).toMatchObject({ status: 200 })
})

it('a snapshot and an image need a complete profile', async () => {
  await api.db.updateTable('accounts').set({ postal_code: null }).execute()
  for (const request of requests()) {
    expectRefusal(await request(), 403, 'PROFILE_INCOMPLETE', /postal code/)
  }
})
