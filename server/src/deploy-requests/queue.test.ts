/** Deployments with several choices, and those that wait: in which order, for how long, and what of them ends how. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { type SettableClock, settableClock } from '../testing/settable-clock.ts'
import { testImage, testRegion } from '../testing/world.ts'
import { createDeployQueue, type DeployQueue, keptForMs, patienceMs } from './queue.ts'

const { gpu_models, regions, os_images } = loadConfig({ env: {}, dataDir: '/nowhere', demo: true })
const published = regions.find((each) => each.engine === 'simulated')
if (published === undefined) throw new Error('the demo has no simulated region')
const secondRegion = 'LOCAL-2'
const region = (name: string) => ({
  ...published,
  tier: 'legacy' as const,
  name,
  gpu_models: ['A40', 'L40'],
  flavors: ['cpu-small'],
  os_images: [testImage],
})
/** One with four A40, one with two; and a single L40. */
const host = (name: string, model: string, count: number) => ({
  name,
  vcpus: 256,
  memoryMib: 1_048_576,
  diskGb: 100_000,
  diskFreeGb: 50_000,
  gpus: [{ model, count }],
})

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let clock: SettableClock
let queue: DeployQueue
let key: string

beforeEach(async () => {
  clock = settableClock('2026-01-10T09:00:00Z')
  api = await createApi({
    clock,
    config: {
      gpu_models,
      regions: [region(testRegion), region(secondRegion)],
      os_images: os_images.map((image) => ({ ...image, has_jupyter: true })),
    },
    hosts: [host('four', 'A40', 4), host('two', 'A40', 2), host('one', 'L40', 1)],
  })
  api.engines.set(secondRegion, api.engine)
  api.startRunner()
  me = await api.client()
  key = (await api.sshKey(me.caller)).public_id
  const { db, services, log } = api
  queue = createDeployQueue({ db, clock, log, ...services })
})
afterEach(() => api.close())

const tomorrow = '2026-01-11T09:00:00Z'
const a40 = (gpu_count: number) => ({ gpu_model: 'A40', gpu_count })
const wanted = (vm_name: string, more: object) => ({
  vm_name,
  region: testRegion,
  os_image: testImage,
  ssh_key_ids: [key],
  ...more,
})
const deploy = (vm_name: string, more: object) => me.post('/api/deploy/', wanted(vm_name, more))
/** At once, or the test is wrong. */
async function running(vm_name: string, more: object): Promise<string> {
  const { body } = await deploy(vm_name, more)
  expect(body.data, JSON.stringify(body)).not.toBeNull()
  await api.settle()
  return body.data.instance_id
}
async function waiting(vm_name: string, more: object): Promise<string> {
  const { body } = await deploy(vm_name, { wait_until: tomorrow, ...more })
  expect(body, JSON.stringify(body)).toMatchObject({ data: null, tier: 'legacy' })
  return body.deploy_request.id
}
const get = async (id: string) => (await me.get(`/api/deploy-requests/${id}/`)).body.deploy_request
const states = async () =>
  Object.fromEntries(
    (await me.get('/api/deploy-requests/')).body.deploy_requests.map(
      (each: { vm_name: string; state: string }) => [each.vm_name, each.state],
    ),
  )
async function remove(instance: string) {
  await me.delete(`/api/instances/${instance}/`)
  await api.settle()
}
async function look() {
  await queue.run()
  await api.settle()
  await queue.run()
}
const events = async () =>
  (await api.db.selectFrom('events').selectAll().orderBy('id').execute())
    .map(({ kind }) => kind)
    .filter((kind) => kind.startsWith('deploy-request.'))

describe('a deployment with alternatives', () => {
  it('is answered as published when there is room', async () => {
    const plain = await deploy('plain', a40(1))
    const { body } = await deploy('patient', {
      ...a40(1),
      alternatives: [{ flavor: 'cpu-small' }],
      wait_until: tomorrow,
    })
    expect(Object.keys(body).sort()).toEqual(Object.keys(plain.body).sort())
    expect(body.data.specs).toMatchObject({ gpu_type: 'A40', gpu_count: 1 })
  })

  it('takes the first that there is room for', async () => {
    await running('all', a40(4))
    const { body } = await deploy('some', {
      ...a40(4),
      alternatives: [a40(2), { flavor: 'cpu-small' }],
    })
    expect(body.data.specs).toMatchObject({ gpu_type: 'A40', gpu_count: 2 })
    expect(body.message).toMatch(testRegion)
  })

  it('is refused when there is room for none and it may not wait', async () => {
    await running('all', a40(4))
    await running('rest', a40(2))
    const before = await footprint(api)
    const reply = await deploy('none', { ...a40(4), alternatives: [a40(2)] })
    expectRefusal(reply, 409, 'INSUFFICIENT_CAPACITY', /none of the 2 choices.*wait_until/)
    expect(await footprint(api)).toEqual(before)
  })

  it('finds a region that has room', async () => {
    await running('all', a40(4))
    const { body } = await deploy('there', {
      ...a40(4),
      alternatives: [{ ...a40(4), region: secondRegion }],
    })
    const { instance } = (await me.get(`/api/instances/${body.data.instance_id}/`)).body
    expect(instance.region).toBe(secondRegion)
  })
})

describe('a deployment that waits', () => {
  it('is told where it stands, and is deployed when there is room', async () => {
    const all = await running('all', a40(4))
    const id = await waiting('next', a40(4))
    expect(await get(id)).toMatchObject({
      state: 'waiting',
      position: 1,
      choices: [{ region: testRegion, flavor: null, gpu_model: 'A40', gpu_count: 4 }],
      room_kept_in: null,
      wait_until: '2026-01-11T09:00:00.000Z',
      instance_id: null,
    })
    await look()
    expect((await get(id)).state).toBe('waiting')
    await remove(all)
    await queue.run()
    const { instance_id, state } = await get(id)
    expect(state).toBe('deploying')
    await api.settle()
    await queue.run()
    expect(await get(id)).toMatchObject({ state: 'deployed', instance_id, position: null })
    const { instance } = (await me.get(`/api/instances/${instance_id}/`)).body
    expect(instance).toMatchObject({ vm_name: 'next', status: 'ACTIVE', gpu_count: 4 })
    expect(await events()).toEqual([
      'deploy-request.waiting',
      'deploy-request.deploying',
      'deploy-request.deployed',
    ])
  })

  it('is not deployed on trial where there is no room', async () => {
    await running('all', a40(4))
    await running('pair', a40(2))
    await waiting('next', { ...a40(4), alternatives: [a40(2)] })
    const { db, services, log } = api
    let trials = 0
    const deployment: typeof services.deployment = {
      deploy(...args) {
        trials++
        return services.deployment.deploy(...args)
      },
    }
    await createDeployQueue({ db, clock, log, ...services, deployment }).run()
    expect(trials).toBe(0)
  })

  it('is served once, however many look at the same time', async () => {
    const all = await running('all', a40(4))
    await waiting('next', a40(4))
    await remove(all)
    const { db, services, log } = api
    const others = Array.from({ length: 4 }, () =>
      createDeployQueue({ db, clock, log, ...services }),
    )
    await Promise.all(others.map((other) => other.run()))
    await look()
    expect(await states()).toEqual({ next: 'deployed' })
    const { instances } = (await me.get('/api/instances/')).body
    expect(instances).toHaveLength(1)
  })

  it('begins nothing when its server dies in the middle, and is served later', async () => {
    const all = await running('all', a40(4))
    const id = await waiting('next', a40(4))
    await remove(all)
    const { db, services, log } = api
    const dying = createDeployQueue({
      db,
      clock,
      log,
      ...services,
      deployment: {
        async deploy(...asked) {
          await services.deployment.deploy(...asked)
          throw new Error('Connection terminated')
        },
      },
    })
    await expect(dying.run()).rejects.toThrow('Connection terminated')
    expect((await me.get('/api/instances/')).body.instances).toEqual([])
    expect((await get(id)).state).toBe('waiting')
    await look()
    expect((await get(id)).state).toBe('deployed')
  })

  it('is served in the order of age among those that want the same', async () => {
    const all = await running('all', a40(4))
    for (const name of ['first', 'second', 'third']) await waiting(name, a40(4))
    const found = (await me.get('/api/deploy-requests/')).body.deploy_requests
    expect(found.map(({ position }: { position: number }) => position)).toEqual([3, 2, 1])
    await remove(all)
    await look()
    expect(await states()).toEqual({ first: 'deployed', second: 'waiting', third: 'waiting' })
  })

  it('stands in line with strangers, and behind none that wants something else', async () => {
    await running('all', a40(4))
    await running('l40', { gpu_model: 'L40' })
    await waiting('mine', a40(4))
    const stranger = await api.client('Stranger')
    const body = {
      ...wanted('theirs', { wait_until: tomorrow }),
      ssh_key_ids: [(await api.sshKey(stranger.caller)).public_id],
    }
    const theirs = await stranger.post('/api/deploy/', { ...body, ...a40(4) })
    expect(theirs.body.deploy_request.position).toBe(2)
    const other = await stranger.post('/api/deploy/', {
      ...body,
      vm_name: 'other',
      gpu_model: 'L40',
    })
    expect(other.body.deploy_request.position).toBe(1)
  })

  it('takes an alternative when that becomes free first', async () => {
    await running('all', a40(4))
    const pair = await running('pair', a40(2))
    const id = await waiting('either', { ...a40(4), alternatives: [a40(2)] })
    await remove(pair)
    await look()
    const { instance_id } = await get(id)
    const { instance } = (await me.get(`/api/instances/${instance_id}/`)).body
    expect(instance.gpu_count).toBe(2)
  })

  it('is not passed for ever: after a while room is kept for it', async () => {
    const small = [
      await running('a', a40(2)),
      await running('b', a40(2)),
      await running('c', a40(1)),
    ]
    const id = await waiting('large', a40(4))
    // For a while, smaller ones may pass.
    await remove(small[2] ?? '')
    clock.pass(patienceMs - 1)
    await look()
    await running('quick', a40(1))
    clock.pass(1)
    await look()
    expect(await get(id)).toMatchObject({ state: 'waiting', room_kept_in: testRegion })
    const stock = (await me.get('/api/gpu-stocks/?gpu_model=A40')).body.stocks
    const here = stock.find((each: { region: string }) => each.region === testRegion)
    const free = here.total_available

    const { body } = await me.get('/api/instances/')
    for (const each of body.instances) await remove(each.instance_id)
    // Everything is free now, and all but the kept host may be taken by those that come later.
    await running('later', a40(2))
    expectRefusal(
      await deploy('too-late', a40(1)),
      409,
      'INSUFFICIENT_CAPACITY',
      /keeps its room.*wait_until/,
    )
    expect(free).toBeLessThan(4)
    await look()
    expect((await get(id)).state).toBe('deployed')
  })

  /** One of the four GPUs of a host is left, and room for two is kept there. */
  async function twoKept() {
    await running('pair', a40(2))
    const half = await running('half', a40(2))
    await running('single', a40(1))
    const id = await waiting('large', a40(2))
    clock.pass(patienceMs)
    await look()
    expect(await get(id)).toMatchObject({ state: 'waiting', room_kept_in: testRegion })
    const small = () => deploy('small', a40(1))
    expectRefusal(await small(), 409, 'INSUFFICIENT_CAPACITY', /keeps its room.*wait_until/)
    return { id, half }
  }

  it('has no more kept than it needs', async () => {
    const { half } = await twoKept()
    await remove(half)
    await running('beside', a40(1))
    const more = await deploy('more', a40(1))
    expectRefusal(more, 409, 'INSUFFICIENT_CAPACITY', /keeps its room/)
  })

  it('has room kept for some hours only, and then waits like everybody', async () => {
    const { id, half } = await twoKept()
    clock.pass(keptForMs)
    await look()
    await look()
    expect(await get(id)).toMatchObject({ state: 'waiting', room_kept_in: null })
    await running('small', a40(1))
    await remove(half)
    await look()
    expect((await get(id)).state).toBe('deployed')
  })

  it('has room kept against machines that come back from hibernation', async () => {
    const all = await running('all', a40(4))
    await waiting('large', a40(4))
    clock.pass(patienceMs)
    await look()
    await me.post(`/api/instances/${all}/hibernate/`, {})
    await api.settle()
    const back = await me.post(`/api/instances/${all}/restore/`, {})
    expectRefusal(back, 409, 'INSUFFICIENT_CAPACITY', /keeps its room/)
  })

  it('gives back the room that is kept for it when it is cancelled', async () => {
    const all = await running('all', a40(4))
    const id = await waiting('large', a40(4))
    clock.pass(patienceMs)
    await look()
    await running('pair', a40(2))
    await remove(all)
    expectRefusal(await deploy('small', a40(1)), 409, 'INSUFFICIENT_CAPACITY')
    const cancelled = await me.delete(`/api/deploy-requests/${id}/`)
    expect(cancelled.body.deploy_request).toMatchObject({ state: 'cancelled', room_kept_in: null })
    await running('small', a40(1))
    const again = await me.delete(`/api/deploy-requests/${id}/`)
    expectRefusal(again, 400, 'INVALID_DEPLOY_REQUEST_STATE', /it is cancelled/)
  })

  it('expires', async () => {
    const all = await running('all', a40(4))
    const id = await waiting('late', a40(4))
    await remove(all)
    clock.set(tomorrow)
    await look()
    expect(await get(id)).toMatchObject({ state: 'expired', instance_id: null })
    expect((await me.get('/api/instances/')).body.instances).toEqual([])
  })

  it('keeps its name until it has its turn', async () => {
    await running('all', a40(4))
    const id = await waiting('taken', a40(4))
    const before = await footprint(api)
    for (const more of [a40(1), { ...a40(4), wait_until: tomorrow }]) {
      expectRefusal(await deploy('TAKEN', more), 409, 'NAME_ALREADY_EXISTS')
    }
    expect(await footprint(api)).toEqual(before)
    await me.delete(`/api/deploy-requests/${id}/`)
    await running('taken', a40(1))
  })

  it('fails when what it asks for has become impossible, and says why', async () => {
    const all = await running('all', a40(4))
    const id = await waiting('keyless', { ...a40(4), cloud_init: '#!/bin/sh\necho secret\n' })
    await remove(all)
    await me.delete(`/api/ssh-keys/${key}/`)
    await look()
    expect(await get(id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining(key),
      instance_id: null,
    })
    const rows = await api.db.selectFrom('deploy_requests').select('request').execute()
    expect(rows).toEqual([{ request: null }])
  })

  it('runs the script as it was when it was asked for, and keeps no password meanwhile', async () => {
    const all = await running('all', a40(4))
    const script = await api.startupScript(me.caller, '#!/bin/sh\necho of-then\n')
    const id = await waiting('later', {
      ...a40(4),
      startup_script_id: script.public_id,
      jupyter: { enabled: true, password: 'correct horse' },
    })
    const removed = await me.delete(`/api/scripts/${script.public_id}/`)
    expect(removed.body).toMatchObject({ success: true })
    const rows = await api.db.selectFrom('deploy_requests').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain('correct horse')
    await remove(all)
    await queue.run()
    const { state, instance_id, reason } = await get(id)
    expect({ state, reason }).toEqual({ state: 'deploying', reason: null })
    const { user_data } = await api.db
      .selectFrom('instances')
      .select('user_data')
      .where('public_id', '=', instance_id)
      .executeTakeFirstOrThrow()
    const encoded = Buffer.from('#!/bin/sh\necho of-then\n').toString('base64')
    expect(user_data).toContain('argon2:$argon2id$')
    expect(user_data).toContain(encoded)
    const after = api.db.selectFrom('deploy_requests').select(['request', 'first_boot'])
    expect(await after.execute()).toEqual([{ request: null, first_boot: null }])
  })

  it('fails when the machine does', async () => {
    const all = await running('all', a40(4))
    const id = await waiting('fail-start', a40(4))
    await remove(all)
    await look()
    const { state, reason, instance_id } = await get(id)
    expect(state).toBe('failed')
    expect(reason).toContain(`delete ${instance_id}`)
  })
})

describe('what is wrong', () => {
  const wrong = (more: object) => deploy('wrong', { ...a40(4), wait_until: tomorrow, ...more })

  it.each<[string, object, string, RegExp]>([
    ['a time that is past', { wait_until: '2026-01-10T08:59:59Z' }, 'wait_until', /future/],
    ['a time too far away', { wait_until: '2026-01-18T09:00:00Z' }, 'wait_until', /7 days/],
    ['no time', { wait_until: 'tomorrow' }, 'wait_until', /./],
    ['no alternatives', { alternatives: [] }, 'alternatives', /at least 1/],
    [
      'eleven alternatives',
      { alternatives: Array.from({ length: 11 }, () => a40(1)) },
      'alternatives',
      /no more than 10/,
    ],
    ['an alternative of nothing', { alternatives: [{}] }, 'alternatives.0.flavor', /either/],
    [
      'an alternative of two things',
      { alternatives: [{ flavor: 'cpu-small', gpu_model: 'A40' }] },
      'alternatives.0.flavor',
      /either/,
    ],
    [
      'a model that is not sold here',
      { alternatives: [a40(1), { gpu_model: 'H100-PCIe-80GB' }] },
      'alternatives.1.gpu_model',
      /not offered/,
    ],
    [
      'an unknown region',
      { alternatives: [{ ...a40(1), region: 'MARS-1' }] },
      'alternatives.0.region',
      /MARS-1/,
    ],
  ])('%s is a 400, and nothing waits', async (_, more, field, words) => {
    const before = await footprint(api)
    const fields = expectRefusal(await wrong(more), 400, 'VALIDATION_ERROR', words)
    expect(Object.keys(fields)).toContain(field)
    expect(await footprint(api)).toEqual(before)
  })

  it.each<[string, object, number, string]>([
    ['an unknown key', { ssh_key_ids: ['BRK-000000K'] }, 404, 'NOT_FOUND'],
    ['an unknown image', { os_image: 'none' }, 400, 'VALIDATION_ERROR'],
    ['an unknown firewall', { firewall_ids: ['BRK-000000F'] }, 404, 'NOT_FOUND'],
  ])('%s is refused at once, though there is no room', async (_, more, status, code) => {
    await running('all', a40(4))
    const before = await footprint(api)
    const reply = await wrong(more)
    expect([reply.status, reply.body.error_code]).toEqual([status, code])
    expect(await footprint(api)).toEqual(before)
  })

  it('is what no host could ever hold', async () => {
    const small = await createApi({
      clock,
      config: { gpu_models, regions: [region(testRegion)] },
      hosts: [host('two', 'A40', 2)],
    })
    try {
      const { caller, post } = await small.client()
      const { public_id } = await small.sshKey(caller)
      const body = {
        ...wanted('huge', { ...a40(4), wait_until: tomorrow }),
        ssh_key_ids: [public_id],
      }
      const reply = await post('/api/deploy/', body)
      expectRefusal(reply, 409, 'INSUFFICIENT_CAPACITY', /large enough, even empty/)
    } finally {
      await small.close()
    }
  })

  it('is the 21st that waits', async () => {
    await running('all', a40(4))
    for (let n = 0; n < 20; n++) await waiting(`w${n}`, a40(4))
    expectRefusal(await wrong({}), 403, 'LIMIT_EXCEEDED', /at most 20/)
  })
})
