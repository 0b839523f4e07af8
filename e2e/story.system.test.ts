/** What a stranger does on the first day, on real QEMU guests. The README's tour is the same story. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer } from './server.ts'

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server?.dispose())

it('deploys, writes, snapshots, deletes, restores, images, deploys from the image, stops, starts, reboots', async () => {
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  expect(key.status).toBe(200)
  const ssh_key_ids = [key.body.ssh_key.id]
  const shape = { region: 'LOCAL-1', flavor: 'cpu-small', ssh_key_ids }

  const deployed = await server.post('/api/deploy/', {
    ...shape,
    vm_name: 'web-1',
    os_image: 'garrison-small',
  })
  expect(deployed).toMatchObject({ status: 200, body: { data: { status: 'CREATING' } } })
  const web = await server.readyInstance(deployed.body.data.instance_id)
  expect(web).toMatchObject({ status: 'ACTIVE', ip_status: 'assigned', vm_name: 'web-1' })
  expect(await server.ssh(web, 'hostname')).toBe('web-1')
  await server.ssh(web, 'echo first > /root/first')

  const snapshot = await server.post('/api/snapshots/', {
    instance_id: web.instance_id,
    name: 'before',
  })
  const snapshotPath = `/api/snapshots/${snapshot.body.snapshot.id}/`
  const taken = await server.until(snapshotPath, ({ body }) => body.snapshot.status !== 'CREATING')
  expect(taken.body.snapshot).toMatchObject({ status: 'SUCCESS', consistency: 'filesystem' })
  await server.ssh(web, 'echo second > /root/second; sync')
  const hostKey = await server.ssh(web, 'cat /etc/machine-id')

  await server.delete(`/api/instances/${web.instance_id}/`)
  await server.until('/api/instances/', ({ body }) => body.pagination.total_count === 0)

  const restored = await server.post(`${snapshotPath}restore/`, { new_vm_name: 'web-2' })
  expect(restored).toMatchObject({
    status: 200,
    body: { data: { status: 'ACTIVE', ip_status: 'assigned', boot_source: 'snapshot' } },
  })
  const web2 = await server.readyInstance(restored.body.data.instance_id)
  expect(await server.ssh(web2, 'cat /root/first; ls /root/second 2>&1 || true')).toMatch(
    /^first\n.*No such file/s,
  )
  expect(await server.ssh(web2, 'hostname')).toBe('web-2')
  expect(await server.ssh(web2, 'cat /etc/machine-id')).not.toBe(hostKey)

  const image = await server.post('/api/custom-images/', {
    snapshot_id: snapshot.body.snapshot.id,
    name: 'base',
  })
  const imagePath = `/api/custom-images/${image.body.image.id}/`
  await server.until(imagePath, ({ body }) => body.image.status === 'available')
  expect((await server.delete(snapshotPath)).status).toBe(200)
  await server.until(snapshotPath, ({ status }) => status === 404)

  const again = await server.post('/api/deploy/', {
    ...shape,
    vm_name: 'web-3',
    boot_source: 'custom_image',
    image_id: image.body.image.id,
  })
  const id = again.body.data.instance_id
  const web3 = await server.readyInstance(id)
  expect(await server.ssh(web3, 'cat /root/first')).toBe('first')

  await server.post(`/api/instances/${id}/stop/`)
  await server.instanceIn(id, 'SHUTOFF')
  await server.post(`/api/instances/${id}/start/`)
  expect(await server.ssh(await server.readyInstance(id), 'cat /root/first')).toBe('first')
  const bootId = await server.ssh(web3, 'cat /proc/sys/kernel/random/boot_id')
  await server.post(`/api/instances/${id}/reboot/`)
  const rebooted = await server.readyInstance(id)
  expect(await server.ssh(rebooted, 'cat /proc/sys/kernel/random/boot_id')).not.toBe(bootId)

  await server.delete(`/api/instances/${id}/`)
  await server.until(`/api/instances/${id}/`, ({ body }) => body.instance.status === 'DELETED')
})
