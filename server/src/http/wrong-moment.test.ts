/** Requests that would be right at another time. Each is refused with words, and nothing comes of it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import type { WorldOptions } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>

/** Operations stay where they are unless a test settles them. */
async function begin(options?: WorldOptions) {
  api = await createApi(options)
  me = await api.client()
}
afterEach(() => api.close())

async function settle() {
  await api.settle()
  await api.stopRunners()
}
async function running() {
  const { public_id } = await api.runningInstance(me.caller)
  await api.stopRunners()
  return `/api/instances/${public_id}/`
}
async function snapshotted() {
  const instance = await api.runningInstance(me.caller)
  const { public_id } = await api.readySnapshot(me.caller, instance)
  await api.stopRunners()
  return { id: public_id, path: `/api/snapshots/${public_id}/`, instance: instance.public_id }
}
const restore = (path: string, new_vm_name = 'again') => me.post(`${path}restore/`, { new_vm_name })
const done = async (reply: Promise<{ status: number; body: unknown }>) => {
  const { status, body } = await reply
  expect(status, JSON.stringify(body)).toBe(200)
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at is what it asserts
  return body as any
}

async function refuses(
  request: () => ReturnType<Api['send']>,
  ...expected: [number, Parameters<typeof expectRefusal>[2], ...(string | RegExp)[]]
) {
  const before = await footprint(api)
  expectRefusal(await request(), ...expected)
  expect(await footprint(api)).toEqual(before)
}

describe('a snapshot', () => {
  beforeEach(() => begin())

  it('cannot be restored while it is being taken', async () => {
    const name = 'before'
    const { snapshot } = await done(me.post(`${await running()}snapshots/`, { name }))
    const path = `/api/snapshots/${snapshot.id}/`
    await refuses(() => restore(path), 400, 'INVALID_SNAPSHOT_STATE', /CREATING/)
    const image = { snapshot_id: snapshot.id, name: 'img' }
    await refuses(
      () => me.post('/api/custom-images/', image),
      400,
      'INVALID_SNAPSHOT_STATE',
      /CREATING/,
    )
    await refuses(() => me.delete(path), 409, 'OPERATION_IN_PROGRESS', /CREATING/)
  })

  it('cannot be restored while it is being deleted', async () => {
    const { path } = await snapshotted()
    await done(me.delete(path))
    await refuses(() => restore(path), 400, 'INVALID_SNAPSHOT_STATE', /DELETING/)
    await refuses(() => me.delete(path), 400, 'INVALID_SNAPSHOT_STATE', /DELETING/)
  })

  it('cannot be restored once it is deleted', async () => {
    const { path } = await snapshotted()
    await done(me.delete(path))
    await settle()
    await refuses(() => restore(path), 404, 'NOT_FOUND')
    await refuses(() => me.delete(path), 404, 'NOT_FOUND')
  })

  it('that failed cannot be restored', async () => {
    const { public_id } = await api.runningInstance(me.caller, 'fail-snapshot')
    const { snapshot } = await done(
      me.post(`/api/instances/${public_id}/snapshots/`, { name: 'before' }),
    )
    await settle()
    const path = `/api/snapshots/${snapshot.id}/`
    await refuses(() => restore(path), 400, 'INVALID_SNAPSHOT_STATE', /ERROR/)
  })

  it("cannot be restored by another account, nor on another's behalf", async () => {
    const { path } = await snapshotted()
    const stranger = await api.client('Stranger')
    const body = { new_vm_name: 'mine' }
    await refuses(() => stranger.post(`${path}restore/`, body), 404, 'NOT_FOUND', /BRK-\d+S/)
  })

  it('cannot be deleted while it is being restored', async () => {
    const { path, id } = await snapshotted()
    await api.change((tx) => api.services.snapshots.restore(tx, me.caller, id, 'again'))
    await refuses(() => me.delete(path), 409, 'OPERATION_IN_PROGRESS', /restore-snapshot/)
  })

  it('cannot be deleted while an image is made of it', async () => {
    const { path, id } = await snapshotted()
    await done(me.post('/api/custom-images/', { snapshot_id: id, name: 'img' }))
    await refuses(() => me.delete(path), 409, 'OPERATION_IN_PROGRESS', /create-image/)
  })

  it('with memory is refused where the engine cannot take one', async () => {
    await api.close()
    await begin({ capabilities: { memorySnapshot: false } })
    const path = await running()
    const request = () => me.post(`${path}snapshots/`, { name: 'deep', memory: true })
    await refuses(request, 400, 'TIER_NOT_SUPPORTED', /memory/)
  })
})

describe('an instance', () => {
  beforeEach(() => begin())

  it('that is stopped cannot be stopped, rebooted or snapshotted', async () => {
    const path = await running()
    await done(me.post(`${path}stop/`))
    await settle()
    for (const action of ['stop', 'reboot']) {
      const request = () => me.post(`${path}${action}/`)
      await refuses(request, 400, 'INVALID_INSTANCE_STATE', /must be ACTIVE.*is SHUTOFF/)
    }
    const snapshot = () => me.post(`${path}snapshots/`, { name: 'before' })
    await refuses(snapshot, 400, 'INVALID_INSTANCE_STATE', /must be ACTIVE.*is SHUTOFF/)
  })

  it('that runs cannot be started', async () => {
    const path = await running()
    const request = () => me.post(`${path}start/`)
    await refuses(request, 400, 'INVALID_INSTANCE_STATE', /must be SHUTOFF.*is ACTIVE/)
  })

  it('that is being deployed takes nothing but its deletion', async () => {
    const { public_id } = await api.deploy(me.caller)
    const path = `/api/instances/${public_id}/`
    for (const action of ['start', 'stop', 'reboot']) {
      const request = () => me.post(`${path}${action}/`)
      await refuses(request, 409, 'OPERATION_IN_PROGRESS', /CREATING; wait/)
    }
    const snapshot = () => me.post(`${path}snapshots/`, { name: 'before' })
    await refuses(snapshot, 409, 'OPERATION_IN_PROGRESS', /CREATING; wait/)
    await done(me.delete(path))
  })

  it('has one snapshot taken of it at a time', async () => {
    const path = await running()
    const replies = await Promise.all(
      ['a', 'b'].map((name) => me.post(`${path}snapshots/`, { name })),
    )
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 409])
    const refused = replies.find((reply) => reply.status === 409)
    expect(refused?.body).toMatchObject({ error_code: 'OPERATION_IN_PROGRESS' })
    expect((await me.get('/api/snapshots/')).body.pagination.total_count).toBe(1)
    await settle()
    await done(me.post(`${path}snapshots/`, { name: 'c' }))
  })

  it('is not stopped while a snapshot is taken of it', async () => {
    const path = await running()
    await done(me.post(`${path}snapshots/`, { name: 'before' }))
    for (const action of ['stop', 'reboot']) {
      const request = () => me.post(`${path}${action}/`)
      await refuses(request, 409, 'OPERATION_IN_PROGRESS', /create-snapshot of BRK-\d+S/)
    }
  })

  it('that is deleted stays so', async () => {
    const path = await running()
    await done(me.delete(path))
    await settle()
    for (const request of [
      () => me.post(`${path}start/`),
      () => me.post(`${path}stop/`),
      () => me.post(`${path}reboot/`),
      () => me.post(`${path}snapshots/`, { name: 'late' }),
      () => me.delete(path),
    ]) {
      await refuses(request, 400, 'INVALID_INSTANCE_STATE', /DELETED/)
    }
    expect((await me.get(path)).body.instance.status).toBe('DELETED')
  })
})

describe('an image', () => {
  beforeEach(() => begin())

  const deployFrom = async (image_id: string) => {
    const { public_id } = await api.sshKey(me.caller)
    return () =>
      me.post('/api/deploy/', {
        vm_name: 'from-image',
        region: 'LOCAL-1',
        flavor: 'cpu-small',
        boot_source: 'custom_image',
        image_id,
        ssh_key_ids: [public_id],
      })
  }
  async function imaged() {
    const { id } = await snapshotted()
    const { image } = await done(
      me.post('/api/custom-images/', { snapshot_id: id, name: `img-${id}` }),
    )
    return image.id as string
  }

  it('cannot be deployed while it is being made, nor while it is being deleted', async () => {
    const id = await imaged()
    const deploy = await deployFrom(id)
    await refuses(deploy, 400, 'INVALID_IMAGE_STATE', /creating/)
    await settle()
    await done(me.delete(`/api/custom-images/${id}/`))
    await refuses(deploy, 400, 'INVALID_IMAGE_STATE', /deleting/)
    await settle()
    await refuses(deploy, 404, 'NOT_FOUND', id)
  })

  it('cannot be deleted while it is being made, nor while a machine is deployed from it', async () => {
    const id = await imaged()
    const remove = () => me.delete(`/api/custom-images/${id}/`)
    await refuses(remove, 409, 'OPERATION_IN_PROGRESS', /creating/)
    await settle()
    const deploy = await deployFrom(id)
    await done(deploy())
    await refuses(remove, 409, 'OPERATION_IN_PROGRESS', /deploy-instance/)
  })
})

it('an SSH key cannot be deleted while a machine has it', async () => {
  await begin()
  const { public_id } = await api.deploy(me.caller)
  const { instance } = await done(me.get(`/api/instances/${public_id}/`))
  const path = `/api/ssh-keys/${instance.ssh_keys[0].id}/`
  await refuses(() => me.delete(path), 409, 'KEY_IN_USE', public_id)
  await done(me.delete(`/api/instances/${public_id}/`))
  await settle()
  await done(me.delete(path))
})

describe('a region', () => {
  const host = {
    name: 'host-1',
    vcpus: 1,
    memoryMib: 4096,
    diskGb: 100,
    diskFreeGb: 100,
    gpus: [],
  }
  const deploy = async (flavor: string) => {
    const { public_id } = await api.sshKey(me.caller)
    return () =>
      me.post('/api/deploy/', {
        vm_name: `one-more-${flavor}`,
        region: 'LOCAL-1',
        flavor,
        os_image: 'garrison-small',
        ssh_key_ids: [public_id],
      })
  }

  it.each([
    ['memory', { memoryMib: 3072, vcpus: 64 }, 'cpu-medium', /LOCAL-1.*4 GB of memory/],
    ['cores', { memoryMib: 65_536, vcpus: 0.5 }, 'cpu-large', /LOCAL-1.*4 vCPUs/],
    ['disk', { memoryMib: 65_536, vcpus: 64, diskGb: 4 }, 'cpu-medium', /LOCAL-1.*20 GB of disk/],
  ])('without %s left says what is missing', async (_, change, flavor, words) => {
    await begin({ hosts: [{ ...host, ...change }] })
    await refuses(await deploy(flavor), 409, 'INSUFFICIENT_CAPACITY', words, /another region/)
  })

  it('has room again once a machine is deleted', async () => {
    await begin({ hosts: [{ ...host, memoryMib: 1024 }] })
    const path = await running()
    const another = await deploy('cpu-small')
    await refuses(another, 409, 'INSUFFICIENT_CAPACITY', /1 GB of memory/)
    await done(me.delete(path))
    await refuses(another, 409, 'INSUFFICIENT_CAPACITY', /1 GB of memory/)
    await settle()
    await done(another())
  })

  it('whose disk is nearly full refuses what would grow, before it begins', async () => {
    // The host fills up behind our back; what was seen of it before is not asked again so soon.
    const filling = { ...host, vcpus: 8 }
    let now = Date.UTC(2026, 0, 1)
    const clock = { now: () => new Date(now), sleep: async () => {} }
    await begin({ hosts: [filling], clock })
    const { path, instance } = await snapshotted()
    filling.diskFreeGb = 1
    now += 60_000
    await refuses(await deploy('cpu-small'), 409, 'INSUFFICIENT_CAPACITY', /disk/)
    await refuses(() => restore(path), 409, 'INSUFFICIENT_CAPACITY', /disk/)
    const snapshot = () => me.post('/api/snapshots/', { instance_id: instance, name: 'one-more' })
    await refuses(snapshot, 409, 'INSUFFICIENT_CAPACITY', /nearly full/)
    await done(me.delete(path))
  })
})
