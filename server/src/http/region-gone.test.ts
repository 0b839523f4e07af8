/** Somebody has things in a region that is no longer configured, as after `up --demo` and a plain `up`. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { testRegion } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let paths: { instance: string; snapshot: string; image: string }
let ids: { instance: string; snapshot: string }

beforeEach(async () => {
  api = await createApi()
  me = await api.client()
  const instance = await api.runningInstance(me.caller)
  const snapshot = await api.readySnapshot(me.caller, instance)
  ids = { instance: instance.public_id, snapshot: snapshot.public_id }
  const { body } = await me.post('/api/custom-images/', { snapshot_id: ids.snapshot, name: 'base' })
  await api.settle()
  await api.stopRunners()
  paths = {
    instance: `/api/instances/${ids.instance}/`,
    snapshot: `/api/snapshots/${ids.snapshot}/`,
    image: `/api/custom-images/${body.image.id}/`,
  }
  api.engines.delete(testRegion)
})
afterEach(() => api.close())

type Request = [string, () => ReturnType<Api['send']>]

it.each([
  ['stop', () => me.post(`${paths.instance}stop/`)],
  ['reboot', () => me.post(`${paths.instance}reboot/`)],
  ['delete an instance', () => me.delete(paths.instance)],
  ['snapshot', () => me.post('/api/snapshots/', { instance_id: ids.instance, name: 'more' })],
  ['restore', () => me.post(`${paths.snapshot}restore/`, { new_vm_name: 'again' })],
  ['delete a snapshot', () => me.delete(paths.snapshot)],
  ['image', () => me.post('/api/custom-images/', { snapshot_id: ids.snapshot, name: 'more' })],
  ['delete an image', () => me.delete(paths.image)],
] satisfies Request[])(
  'what would touch it is refused, with what to do: %s',
  async (_what, ask) => {
    const before = await footprint(api)
    expectRefusal(
      await ask(),
      503,
      'SERVICE_UNAVAILABLE',
      /^LOCAL-1 is not configured.*garrison.yaml/,
    )
    expect(await footprint(api)).toEqual(before)
  },
)

it('what is there can be looked at', async () => {
  for (const path of Object.values(paths)) expect(await me.get(path)).toMatchObject({ status: 200 })
})

it('readiness tells of it', async () => {
  const { body } = await api.send('GET', '/readyz')
  expect(body.checks.engines.detail).toContain('LOCAL-1 is not configured on this server')
})
