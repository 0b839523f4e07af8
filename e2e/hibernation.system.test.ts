/** A real machine sleeps in the middle of what it does, and another goes on from what it had in mind. */
import { cpus } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { processesNaming, TestServer } from './server.ts'

const prices = { USD: 0.01, EUR: 0.01, INR: 1 }
/** As many processors as there are, each promised once; of these the second wants them all. */
const config = {
  capacity: { vcpu_ratio: 1 },
  flavors: [
    { name: 'cpu-small', vcpus: 1, ram_gb: 0.25, disk_gb: 10, prices },
    { name: 'cpu-medium', vcpus: cpus().length, ram_gb: 0.25, disk_gb: 10, prices },
    { name: 'cpu-large', vcpus: cpus().length, ram_gb: 0.5, disk_gb: 10, prices },
  ],
}

let server: TestServer
let ssh_key_ids: string[]

beforeAll(async () => {
  server = await TestServer.start(config)
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  ssh_key_ids = [key.body.ssh_key.id]
})
afterAll(() => server?.dispose())

const deploy = (vm_name: string, flavor: string) =>
  server.post('/api/deploy/', {
    ...{ vm_name, flavor, ssh_key_ids },
    region: 'LOCAL-1',
    os_image: 'garrison-small',
  })

/** Counts, in a shell of which only memory knows, into a file that stays open. */
const startCounting =
  '(exec 3> /root/open; i=0; while :; do i=$((i+1)); echo $i >&3; usleep 100000; done) > /dev/null 2>&1 < /dev/null &'

type Machine = { ssh_command: string }
const reached = async (machine: Machine) =>
  Number(await server.ssh(machine, 'tail -n 1 /root/open'))
/** It counts on from here, and its clock is right. */
async function expectToGoOn(machine: Machine, from: number) {
  const first = await reached(machine)
  expect(first).toBeGreaterThanOrEqual(from)
  await pause(500)
  expect(await reached(machine)).toBeGreaterThan(first)
  const clock = Number(await server.ssh(machine, 'date +%s'))
  expect(Math.abs(clock - Date.now() / 1000)).toBeLessThan(3)
}
const bootId = (machine: Machine) => server.ssh(machine, 'cat /proc/sys/kernel/random/boot_id')

let id: string
let path: string

it('a machine goes on where it was, though others had its room and the server was killed', async () => {
  id = (await deploy('sleeper', 'cpu-small')).body.data.instance_id
  path = `/api/instances/${id}/`
  const before = await server.readyInstance(id)
  await server.ssh(before, startCounting)
  await pause(500)
  const [count, boot] = [await reached(before), await bootId(before)]
  const crowded = await deploy('other', 'cpu-medium')
  expect(crowded.body.error_code).toBe('INSUFFICIENT_CAPACITY')

  const { body } = await server.post(`${path}hibernate/`)
  expect(body).toMatchObject({ memory: true, resume_class: 'best_effort' })
  await server.kill()
  await server.launch()
  await server.instanceIn(id, 'HIBERNATED')
  expect(await processesNaming(before.server_uuid)).toEqual([])

  const other = (await deploy('other', 'cpu-medium')).body.data.instance_id
  await server.instanceIn(other, 'ACTIVE')
  const refused = await server.post(`${path}restore/`)
  expect(refused.body.error_code).toBe('INSUFFICIENT_CAPACITY')
  expect((await server.get(path)).body.instance.status).toBe('HIBERNATED')
  await server.delete(`/api/instances/${other}/`)
  await server.settled()

  expect((await server.post(`${path}restore/`)).status).toBe(200)
  await server.kill()
  await server.launch()
  const after = await server.readyInstance(id)
  expect(after.ssh_command).toBe(before.ssh_command)
  expect(await bootId(after)).toBe(boot)
  await expectToGoOn(after, count)
})

it('other machines go on from a snapshot with memory, and are taken neither for the first nor each other', async () => {
  const first = await server.readyInstance(id)
  const [count, boot] = [await reached(first), await bootId(first)]
  const asked = { instance_id: id, name: 'deep', memory: true }
  const { snapshot } = (await server.post('/api/snapshots/', asked)).body
  await server.settled()
  expect((await server.get(`/api/snapshots/${snapshot.id}/`)).body.snapshot).toMatchObject({
    status: 'SUCCESS',
    memory: true,
  })
  await expectToGoOn(first, count)

  const traits = [await traitsOf(first)]
  for (const name of ['double', 'triple']) {
    const asked = { new_vm_name: name }
    const restored = await server.post(`/api/snapshots/${snapshot.id}/restore/`, asked)
    const copy = await server.readyInstance(restored.body.data.instance_id)
    expect(copy.ip_address).not.toBe(first.ip_address)
    expect(await bootId(copy)).toBe(boot)
    await expectToGoOn(copy, count)
    traits.push(await traitsOf(copy))
    expect(traits.at(-1)?.name).toBe(name)
    // Makes room for the next.
    await server.delete(`/api/instances/${restored.body.data.instance_id}/`)
    await server.settled()
  }
  for (const trait of ['name', 'machineId', 'mac', 'hostKey'] as const)
    expect(new Set(traits.map((each) => each[trait])).size, trait).toBe(traits.length)
})

/** What no two machines may have in common. */
async function traitsOf(machine: Machine) {
  const [name, machineId, mac] = (
    await server.ssh(machine, 'hostname; cat /etc/machine-id /sys/class/net/eth0/address')
  ).split('\n')
  const hostKey = await server.ssh(machine, 'dropbearkey -y -f /etc/dropbear/host_key')
  return { name, machineId, mac, hostKey }
}
