import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { hastyClock } from '../testing/hasty-clock.ts'
import { testImage, testRegion } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  api = await createApi({ clock: hastyClock })
  api.startRunner()
  me = await api.client()
})
afterEach(() => api.close())

async function snapshot(vmName?: string) {
  const instance = await api.runningInstance(me.caller, vmName)
  return (await api.readySnapshot(me.caller, instance)).public_id
}
async function imageOf(snapshot_id: string, name = 'base', more: object = {}) {
  const { body } = await me.post('/api/custom-images/', { snapshot_id, name, ...more })
  await api.settle()
  return body.image.id as string
}
const details = async (id: string) => (await me.get(`/api/custom-images/${id}/`)).body
async function remove(path: string) {
  expect(await me.delete(path)).toMatchObject({ status: 200 })
  await api.settle()
}

describe('an image', () => {
  it('shows what it was made of', async () => {
    const snapshotId = await snapshot()
    const id = await imageOf(snapshotId, 'base', { description: 'Web server' })
    expect(id).toMatch(/^[0-9]{6,9}$/)
    expect(await details(id)).toMatchObject({
      image: {
        name: 'base',
        type: 'Snapshot',
        status: 'available',
        size: '0.4 GB',
        description: 'Web server',
      },
      region: testRegion,
      snapshot_id: snapshotId,
      os: testImage,
      min_disk_gb: 10,
      error: null,
    })
  })

  it('has an empty description when none was given', async () => {
    expect((await details(await imageOf(await snapshot()))).image.description).toBe('')
  })

  it('outlives its snapshot, whose name it keeps', async () => {
    const snapshotId = await snapshot()
    const id = await imageOf(snapshotId)
    const { snapshot_name } = (await details(id)).image
    await remove(`/api/snapshots/${snapshotId}/`)
    expect((await details(id)).image).toMatchObject({ status: 'available', snapshot_name })
    const key = await api.sshKey(me.caller)
    const deployed = await me.post('/api/deploy/', {
      vm_name: 'from-image',
      region: testRegion,
      flavor: 'cpu-small',
      boot_source: 'custom_image',
      image_id: id,
      ssh_key_ids: [key.public_id],
    })
    await api.settle()
    const { instance_id } = deployed.body.data
    expect((await me.get(`/api/instances/${instance_id}/`)).body.instance).toMatchObject({
      status: 'ACTIVE',
      boot_source: 'custom_image',
    })
    await remove(`/api/custom-images/${id}/`)
    expect((await me.post(`/api/instances/${instance_id}/reboot/`)).status).toBe(200)
  })

  it('that failed says why, leaves nothing on the engine, and can be deleted', async () => {
    const id = await imageOf(await snapshot('fail-image'))
    const failed = await details(id)
    expect(failed.image.status).toBe('error')
    expect(failed.error).toMatch(/failed/)
    expect((await api.engine.holdings()).images).toEqual([])
    await remove(`/api/custom-images/${id}/`)
    expect((await me.get('/api/custom-images/')).body.images).toEqual([])
  })

  it('has a name of its own, which is free again once it is deleted', async () => {
    const snapshot_id = await snapshot()
    const id = await imageOf(snapshot_id)
    const again = () => me.post('/api/custom-images/', { snapshot_id, name: 'BASE' })
    expect((await again()).body).toMatchObject({ error_code: 'NAME_ALREADY_EXISTS' })
    await remove(`/api/custom-images/${id}/`)
    expect((await again()).status).toBe(200)
  })
})

describe('many requests at once', () => {
  it('make one image of one name', async () => {
    const snapshot_id = await snapshot()
    const replies = await Promise.all(
      ['base', 'BASE', 'Base'].map((name) => me.post('/api/custom-images/', { snapshot_id, name })),
    )
    const codes = replies.map((reply) => reply.body.error_code ?? 'made')
    expect(codes.sort()).toEqual(['NAME_ALREADY_EXISTS', 'NAME_ALREADY_EXISTS', 'made'])
    await api.settle()
    expect((await api.engine.holdings()).images).toHaveLength(1)
  })

  it('either deploy from an image or delete it', async () => {
    const id = await imageOf(await snapshot())
    const { public_id } = await api.sshKey(me.caller)
    // Nothing is carried out meanwhile, so that the one is still under way when the other comes.
    await api.stopRunners()
    const [deployed, deleted] = await Promise.all([
      me.post('/api/deploy/', {
        vm_name: 'from-image',
        region: testRegion,
        flavor: 'cpu-small',
        boot_source: 'custom_image',
        image_id: id,
        ssh_key_ids: [public_id],
      }),
      me.delete(`/api/custom-images/${id}/`),
    ])
    expect([deployed.status, deleted.status].filter((status) => status === 200)).toHaveLength(1)
    await api.settle()
    const { instances } = (await me.get('/api/instances/?search=from-image')).body
    expect(instances.map((instance: { status: string }) => instance.status)).toEqual(
      deployed.status === 200 ? ['ACTIVE'] : [],
    )
  })
})

describe('the relationships of snapshots to images', () => {
  const isImage = async (id: string) =>
    (await me.get(`/api/snapshots/${id}/`)).body.snapshot.is_image

  it('are there while the images are', async () => {
    const id = await snapshot()
    const path = `/api/custom-images/relationships/${id}/`
    expect((await me.get(path)).body).toMatchObject({ has_image: false, images: [] })
    expect(await isImage(id)).toBe(false)
    const images = [await imageOf(id, 'a'), await imageOf(id, 'b')]
    const { body } = await me.get(path)
    expect(body).toMatchObject({ has_image: true, snapshot_id: id })
    expect(body.images.map((image: { image_id: string }) => image.image_id).sort()).toEqual(
      images.toSorted(),
    )
    expect(await isImage(id)).toBe(true)
    for (const image of images) await remove(`/api/custom-images/${image}/`)
    expect((await me.get(path)).body).toMatchObject({ has_image: false, images: [] })
    expect(await isImage(id)).toBe(false)
  })

  it('are told of many at once, each once, and of those that are not there', async () => {
    const [one, two] = [await snapshot(), await snapshot()]
    const image = await imageOf(one)
    const { body } = await me.post('/api/custom-images/relationships/', {
      snapshot_ids: [one, two, one, 'BRK-000000S'],
    })
    expect(body).toMatchObject({
      relationships: {
        [one]: { has_image: true, images: [{ image_id: image, image_name: 'base' }] },
        [two]: { has_image: false, images: [] },
      },
      not_found: ['BRK-000000S'],
    })
  })
})
