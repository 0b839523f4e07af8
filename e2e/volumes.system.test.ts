/** Volumes as people use them: formatted, filled, carried from one real guest to another. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer } from './server.ts'

let server: TestServer
let common: object
let one: Instance
let two: Instance
/** Public id of the volume that most of this is about. */
let data: string

type Instance = { instance_id: string; ssh_command: string }

beforeAll(async () => {
  server = await TestServer.start()
  const { ssh_key } = await post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  common = { region: 'LOCAL-1', flavor: 'cpu-small', ssh_key_ids: [ssh_key.id] }
  data = await volume('data')
  const image = { ...common, os_image: 'garrison-small' }
  const [first, second] = [
    await post('/api/deploy/', { ...image, vm_name: 'one' }),
    await post('/api/deploy/', { ...image, vm_name: 'two', volume_ids: [await volume('early')] }),
  ]
  one = await server.readyInstance(first.data.instance_id)
  two = await server.readyInstance(second.data.instance_id)
})
afterAll(() => server?.dispose())

async function post(path: string, body: object) {
  const answer = await server.post(path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}

async function volume(name: string, change: object = {}): Promise<string> {
  const made = { name, region: 'LOCAL-1', size_gb: 1, ...change }
  const { volume } = await post('/api/volumes/', made)
  await reaches(volume.id, 'available')
  return volume.id
}

/** Fails with the volume's own words when something went wrong on the way. */
async function reaches(id: string, status: string) {
  const { body } = await server.until(`/api/volumes/${id}/`, ({ body }) =>
    ['available', 'in-use', 'error'].includes(body.volume.status),
  )
  expect(body.volume).toMatchObject({ status, error: null })
  return body.volume
}

const attach = async ({ instance_id }: Instance, id: string) => {
  await post('/api/volumes/attach/', { instance_id, volume_ids: [id] })
  return reaches(id, 'in-use')
}
const detach = async (id: string) => {
  await post('/api/volumes/detach/', { volume_ids: [id] })
  return reaches(id, 'available')
}

/** In the guest, once it has noticed the disk. */
const onceThere = (device: string, command: string) =>
  `until [ -b ${device} ]; do sleep 0.1; done; mkdir -p /mnt/data; ${command}`
const mounted = (device: string, command: string) =>
  onceThere(device, `mount ${device} /mnt/data && ${command} && umount /mnt/data`)

it('a machine starts with the volumes that it was deployed with, under their own names', async () => {
  const { body } = await server.get(`/api/instances/${two.instance_id}/`)
  const [early] = body.instance.volume_attachments
  expect(early).toMatchObject({ volume_name: 'early', status: 'in-use' })
  expect(await server.ssh(two, `readlink -f ${early.device}`)).toBe('/dev/vdb')
})

it('what is written in one machine is read in another', async () => {
  const { device } = await attach(one, data)
  const write = `mkfs.ext4 -q ${device} && mount ${device} /mnt/data && echo kept > /mnt/data/note && umount /mnt/data`
  await server.ssh(one, onceThere(device, write))
  await detach(data)
  expect(await server.ssh(one, `[ -e ${device} ] || echo gone`)).toBe('gone')
  await attach(two, data)
  expect(await server.ssh(two, mounted(device, 'cat /mnt/data/note'))).toBe('kept')
})

it('a guest sees its volume grow while it is mounted', async () => {
  const { device } = await reaches(data, 'in-use')
  await server.ssh(two, `mount ${device} /mnt/data`)
  await post(`/api/volumes/${data}/resize/`, { size_gb: 2 })
  expect(await reaches(data, 'in-use')).toMatchObject({ size_gb: 2 })
  const grow = `blockdev --getsize64 ${device} && resize2fs ${device} > /dev/null 2>&1 && cat /mnt/data/note`
  expect(await server.ssh(two, grow)).toBe('2000000000\nkept')
})

it('a clone has what the source had then, and goes its own way', async () => {
  await server.ssh(two, 'echo then > /mnt/data/note && sync')
  const clone = await post(`/api/volumes/${data}/clone/`, {})
  await reaches(clone.volume.id, 'available')
  await server.ssh(two, 'echo later > /mnt/data/note && umount /mnt/data')
  const { device } = await attach(one, clone.volume.id)
  expect(await server.ssh(one, mounted(device, 'cat /mnt/data/note'))).toBe('then')
  const source = await reaches(data, 'in-use')
  expect(await server.ssh(two, mounted(source.device, 'cat /mnt/data/note'))).toBe('later')
})

it('a machine boots from a volume, and the next one finds what it left', async () => {
  const boot = await volume('boot', { bootable: true, os_image: 'garrison-small' })
  const request = { ...common, boot_source: 'volume', volume_id: boot }
  const first = await post('/api/deploy/', { ...request, vm_name: 'first' })
  const machine = await server.readyInstance(first.data.instance_id)
  expect(machine).toMatchObject({ storage_gb: 1, boot_source: 'volume' })
  await server.ssh(machine, 'echo here > /root/note && sync')
  const refused = await server.post('/api/volumes/detach/', { volume_ids: [boot] })
  expect(refused.body).toMatchObject({ error_code: 'INVALID_VOLUME_STATE' })
  await server.delete(`/api/instances/${machine.instance_id}/`)
  await server.instanceIn(machine.instance_id, 'DELETED')
  await reaches(boot, 'available')
  const second = await post('/api/deploy/', { ...request, vm_name: 'second' })
  const next = await server.readyInstance(second.data.instance_id)
  expect(await server.ssh(next, 'cat /root/note')).toBe('here')
})
