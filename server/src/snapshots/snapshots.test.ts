import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { hastyClock } from '../testing/hasty-clock.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { testImage, testRegion } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  api = await createApi({ clock: hastyClock })
  api.startRunner()
  me = await api.client()
})
afterEach(() => api.close())

async function taken(name?: string, snapshotName = 'before') {
  const instance = await api.runningInstance(me.caller, name)
  await api.reconciler.reconcile(testRegion, api.engine)
  const { body } = await me.post('/api/snapshots/', {
    instance_id: instance.public_id,
    name: snapshotName,
  })
  await api.settle()
  return { instance, id: body.snapshot.id as string }
}
const get = async (id: string) => (await me.get(`/api/snapshots/${id}/`)).body.snapshot
const restore = (id: string, new_vm_name: string, headers?: Record<string, string>) =>
  me.post(`/api/snapshots/${id}/restore/`, { new_vm_name }, headers)
async function remove(path: string) {
  expect(await me.delete(path)).toMatchObject({ status: 200 })
  await api.settle()
}

describe('a snapshot', () => {
  it('shows what it is of, and how good it is', async () => {
    const { instance, id } = await taken('web-1')
    expect(await get(id)).toMatchObject({
      status: 'SUCCESS',
      vm_name: 'web-1',
      instance_id: instance.public_id,
      region: testRegion,
      consistency: 'filesystem',
      memory: false,
      size_gb: 0.4,
      disk_gb: 10,
      vcpus: 1,
      ram_gb: 1,
      gpu_type: 'CPU',
      gpu_count: 0,
      hourly_rate: 0.01,
      description: null,
      error: null,
    })
  })

  it('names what was restored from it, as long as that is there', async () => {
    const { id } = await taken()
    const restored = (await restore(id, 'web-2')).body.data.instance_id
    const made = async () => (await me.get(`/api/snapshots/${id}/`)).body.instances
    expect(await made()).toEqual([{ instance_id: restored, vm_name: 'web-2', status: 'ACTIVE' }])
    await remove(`/api/instances/${restored}/`)
    expect(await made()).toEqual([])
  })

  it('says before why memory cannot be held', async () => {
    await api.runningInstance(me.caller)
    const { vms } = (await me.get('/api/snapshots/eligible-instances/')).body
    expect(vms).toMatchObject([{ why_no_memory: null }])
  })

  it('holds memory where that is asked for, and what is made of it goes on', async () => {
    const instance = await api.runningInstance(me.caller)
    await api.reconciler.reconcile(testRegion, api.engine)
    const body = { instance_id: instance.public_id, name: 'deep', memory: true }
    const { snapshot } = (await me.post('/api/snapshots/', body)).body
    await api.settle()
    expect(await get(snapshot.id)).toMatchObject({ status: 'SUCCESS', memory: true })
    expect((await me.get('/api/snapshots/')).body.snapshots).toMatchObject([{ memory: true }])
    const { instance_id } = (await restore(snapshot.id, 'again')).body.data
    await api.settle()
    const restored = await api.instance(me.caller, { public_id: instance_id })
    expect(await api.engine.observe(restored.id)).toMatchObject({
      status: 'running',
      guestUp: true,
    })
  })

  it('with memory is refused at once where volumes are attached; their machine may be snapshotted without', async () => {
    const instance = await api.runningInstance(me.caller)
    const volume = await api.volume(me.caller)
    await me.post('/api/volumes/attach/', {
      instance_id: instance.public_id,
      volume_ids: [volume.public_id],
    })
    await api.settle()
    const body = { instance_id: instance.public_id, name: 'deep' }
    const refused = await me.post('/api/snapshots/', { ...body, memory: true })
    expectRefusal(refused, 400, 'INVALID_INSTANCE_STATE', volume.public_id)
    expect((await me.get('/api/snapshots/')).body.snapshots).toEqual([])
    await me.post('/api/snapshots/', body)
    await api.settle()
    expect((await me.get('/api/snapshots/')).body.snapshots).toMatchObject([{ status: 'SUCCESS' }])
  })

  it('leaves its machine running', async () => {
    const { instance } = await taken()
    expect(await api.instance(me.caller, instance)).toMatchObject({ status: 'ACTIVE' })
    expect(await api.engine.observe(instance.id)).toMatchObject({ status: 'running' })
  })

  it('that failed says why, leaves its machine alone, and can be deleted', async () => {
    const { instance, id } = await taken('fail-snapshot')
    expect(await get(id)).toMatchObject({
      status: 'ERROR',
      error: expect.stringMatching(/failed/),
      size_gb: 0,
    })
    expect(await api.instance(me.caller, instance)).toMatchObject({ status: 'ACTIVE' })
    expect((await api.engine.holdings()).snapshots).toEqual([])
    await remove(`/api/snapshots/${id}/`)
    expect((await me.get('/api/snapshots/')).body.snapshots).toEqual([])
  })

  it('has a name of its own, which is free again once it is deleted', async () => {
    const { instance, id } = await taken()
    const again = () =>
      me.post(`/api/instances/${instance.public_id}/snapshots/`, { name: 'BEFORE' })
    expect((await again()).body).toMatchObject({ error_code: 'NAME_ALREADY_EXISTS' })
    await remove(`/api/snapshots/${id}/`)
    expect((await again()).status).toBe(200)
  })

  it('of one name is taken once, of however many machines at once', async () => {
    const machines = [await api.runningInstance(me.caller), await api.runningInstance(me.caller)]
    const replies = await Promise.all(
      machines.map(({ public_id }, index) =>
        me.post(`/api/instances/${public_id}/snapshots/`, { name: ['same', 'SAME'][index] }),
      ),
    )
    const codes = replies.map((reply) => reply.body.error_code ?? 'taken')
    expect(codes.sort()).toEqual(['NAME_ALREADY_EXISTS', 'taken'])
  })

  it('is counted with all others of its account', async () => {
    const { instance } = await taken()
    await taken('fail-snapshot', 'failed')
    const { statistics, pagination } = (await me.get('/api/snapshots/?search=BEFORE')).body
    expect(statistics).toEqual({
      total_snapshots: 2,
      total_storage_gb: 0.4,
      available_vms: 2,
      restorable: 1,
    })
    expect(pagination.total_count).toBe(1)
    await remove(`/api/instances/${instance.public_id}/`)
    expect((await me.get('/api/snapshots/')).body.statistics.available_vms).toBe(1)
  })
})

describe('a restored machine', () => {
  it('is like the one that the snapshot is of, though that is gone', async () => {
    const { instance, id } = await taken()
    const keys = (await me.get(`/api/instances/${instance.public_id}/`)).body.instance.ssh_keys
    await remove(`/api/instances/${instance.public_id}/`)
    const { body } = await restore(id, 'web-2')
    expect(body).toMatchObject({
      message: 'Snapshot restored successfully',
      data: { status: 'ACTIVE', ip_status: 'assigned', boot_source: 'snapshot' },
    })
    const restored = (await me.get(`/api/instances/${body.data.instance_id}/`)).body.instance
    expect(restored).toMatchObject({
      vm_name: 'web-2',
      flavor: { name: 'cpu-small' },
      image: { name: testImage },
      storage_gb: 10,
      ssh_keys: keys,
      ssh_command: expect.stringMatching(/^ssh root@/),
    })
  })

  it('outlives the snapshot', async () => {
    const { id } = await taken()
    const { instance_id } = (await restore(id, 'web-2')).body.data
    await remove(`/api/snapshots/${id}/`)
    const again = await me.post(`/api/instances/${instance_id}/reboot/`)
    expect(again.status).toBe(200)
    await api.settle()
    expect((await me.get(`/api/instances/${instance_id}/`)).body.instance.status).toBe('ACTIVE')
  })

  it('does not hinder another: several at once leave the snapshot as it is', async () => {
    const { id } = await taken()
    const replies = await Promise.all(['a', 'b', 'c'].map((name) => restore(id, name)))
    expect(replies.map((reply) => reply.body.data.status)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE'])
    const addresses = replies.map((reply) => reply.body.data.ip_address)
    expect(new Set(addresses).size).toBe(3)
    expect(await get(id)).toMatchObject({ status: 'SUCCESS' })
  })

  it('that does not start is an error that names it, each time it is asked about', async () => {
    const { id } = await taken()
    const again = () => restore(id, 'fail-start', { 'Idempotency-Key': 'once' })
    const reply = await again()
    expectRefusal(reply, 502, 'UPSTREAM_ERROR', /did not start/)
    const [instance] = (await me.get('/api/instances/?status=ERROR')).body.instances
    expectRefusal(await again(), 502, 'UPSTREAM_ERROR', new RegExp(instance.instance_id))
    expect(await get(id)).toMatchObject({ status: 'SUCCESS' })
  })

  it('is found by the key of a request that died while it waited', async () => {
    const { id } = await taken()
    const again = () => restore(id, 'web-2', { 'Idempotency-Key': 'once' })
    vi.spyOn(api.services.operations, 'wait').mockRejectedValueOnce(new Error('killed'))
    expect((await again()).status).toBe(500)
    const replies = [await again(), await again()]
    for (const { body } of replies) {
      expect(body).toMatchObject({
        message: 'Snapshot restored successfully',
        data: { vm_name: 'web-2', status: 'ACTIVE' },
      })
    }
    expect((await me.get('/api/instances/?search=web-2')).body.instances).toHaveLength(1)
  })

  it('of a simulated region says so in a header, each time it is answered', async () => {
    const { regions } = api.config
    await api.close()
    api = await createApi({
      clock: hastyClock,
      config: { regions: regions.map((region) => ({ ...region, engine: 'simulated' as const })) },
    })
    api.startRunner()
    me = await api.client()
    const { id } = await taken()
    const again = () => restore(id, 'web-2', { 'Idempotency-Key': 'once' })
    for (const { headers } of [await again(), await again()]) {
      expect(headers.get('Garrison-Simulated')).toBe('true')
    }
  })

  it('is being made though the database goes away while the answer waits', async () => {
    const { id } = await taken()
    const lost = new Error('Connection terminated unexpectedly')
    vi.spyOn(api.services.operations, 'wait').mockRejectedValueOnce(lost)
    expect(await restore(id, 'web-2')).toMatchObject({
      status: 200,
      body: { message: 'Snapshot restore started', data: { status: 'CREATING' } },
    })
  })

  it('may need a key that was deleted since: it is on its disk all the same', async () => {
    const { instance, id } = await taken()
    const [key] = (await me.get(`/api/instances/${instance.public_id}/`)).body.instance.ssh_keys
    await remove(`/api/instances/${instance.public_id}/`)
    await remove(`/api/ssh-keys/${key.id}/`)
    const { body } = await restore(id, 'web-2')
    expect(body.data.status).toBe('ACTIVE')
  })
})

describe('a snapshot that is made an image of at once', () => {
  const create = (instance_id: string, name = 'both') =>
    me.post('/api/snapshots/', { instance_id, name, create_as_image: true })

  it('has an image of the same name as soon as it is taken', async () => {
    const { public_id } = await api.runningInstance(me.caller)
    const { snapshot, image_id } = (await create(public_id)).body
    await api.settle()
    expect(await get(snapshot.id)).toMatchObject({ status: 'SUCCESS', is_image: true })
    const { image, snapshot_id } = (await me.get(`/api/custom-images/${image_id}/`)).body
    expect(image).toMatchObject({ name: 'both', status: 'available', snapshot_name: 'both' })
    expect(snapshot_id).toBe(snapshot.id)
  })

  it('is refused as a whole when an image of that name is there', async () => {
    const { instance, id } = await taken()
    await me.post('/api/custom-images/', { snapshot_id: id, name: 'both' })
    await api.settle()
    expect((await create(instance.public_id)).body).toMatchObject({
      error_code: 'NAME_ALREADY_EXISTS',
    })
    expect((await me.get('/api/snapshots/')).body.pagination.total_count).toBe(1)
  })

  it('takes its image down with it when it fails', async () => {
    const { public_id } = await api.runningInstance(me.caller, 'fail-snapshot')
    const { snapshot, image_id } = (await create(public_id)).body
    await api.settle()
    const { image, error } = (await me.get(`/api/custom-images/${image_id}/`)).body
    expect(image.status).toBe('error')
    expect(error).toContain(snapshot.id)
  })
})
