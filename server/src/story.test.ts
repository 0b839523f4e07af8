/** The published story over HTTP, on the simulated engine. The same one runs on real QEMU in e2e/. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Api, createApi } from './testing/api.ts'
import { newPublicKey } from './testing/world.ts'

let api: Api
beforeEach(async () => {
  api = await createApi()
  api.startRunner()
})
afterEach(() => api.close())

it('deploys, snapshots, deletes, restores, images, deploys from the image and cleans up', async () => {
  const me = await api.client()
  const key = await me.post('/api/ssh-keys/', { name: 'laptop', public_key: newPublicKey() })
  expect(key.status).toBe(200)
  const ssh_key_ids = [key.body.ssh_key.id]

  const deployed = await me.post('/api/deploy/', {
    vm_name: 'web-1',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    ssh_key_ids,
  })
  expect(deployed).toMatchObject({ status: 200, body: { data: { status: 'CREATING' } } })
  await api.settle()
  const web = await me.get(`/api/instances/${deployed.body.data.instance_id}/`)
  expect(web.body.instance).toMatchObject({ status: 'ACTIVE', ip_status: 'assigned' })

  const snapshot = await me.post('/api/snapshots/', {
    instance_id: web.body.instance.instance_id,
    name: 'before',
  })
  expect(snapshot).toMatchObject({ status: 200, body: { snapshot: { status: 'CREATING' } } })
  await api.settle()
  const { id: snapshotId } = snapshot.body.snapshot

  await me.delete(`/api/instances/${web.body.instance.instance_id}/`)
  await api.settle()
  expect((await me.get('/api/instances/')).body.pagination.total_count).toBe(0)

  const restored = await me.post(`/api/snapshots/${snapshotId}/restore`, { new_vm_name: 'web-2' })
  expect(restored).toMatchObject({
    status: 200,
    body: {
      message: 'Snapshot restored successfully',
      data: { status: 'ACTIVE', ip_status: 'assigned', boot_source: 'snapshot' },
      snapshot: { id: snapshotId, name: 'before' },
    },
  })

  const image = await me.post('/api/custom-images/', { snapshot_id: snapshotId, name: 'base' })
  expect(image).toMatchObject({ status: 200, body: { image: { status: 'creating' } } })
  await api.settle()
  expect((await me.delete(`/api/snapshots/${snapshotId}/`)).status).toBe(200)
  await api.settle()
  expect((await me.get(`/api/snapshots/${snapshotId}/`)).status).toBe(404)

  const fromImage = await me.post('/api/deploy/', {
    vm_name: 'web-3',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    boot_source: 'custom_image',
    image_id: image.body.image.id,
    ssh_key_ids,
  })
  expect(fromImage.status).toBe(200)
  await api.settle()
  const id = fromImage.body.data.instance_id
  for (const [action, status] of [
    ['stop', 'SHUTOFF'],
    ['start', 'ACTIVE'],
    ['reboot', 'ACTIVE'],
  ]) {
    expect((await me.post(`/api/instances/${id}/${action}/`)).status).toBe(200)
    await api.settle()
    expect((await me.get(`/api/instances/${id}/`)).body.instance.status).toBe(status)
  }
})
