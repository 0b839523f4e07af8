import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EngineError, type MachineSpec } from '../engine.ts'
import { QmpClient } from './process/qmp.ts'
import type { Job } from './testing/change-volume.ts'
import { makeQemuWorld, type QemuWorld } from './testing/world.ts'

let world: QemuWorld
let spec: MachineSpec
beforeAll(async () => {
  world = await makeQemuWorld()
  spec = await world.deploy()
})
afterAll(() => world.dispose())

const attached = (id: string) => ({ id, serial: 'BRK-123456V' })
const attach = (id: string, to = spec.id) =>
  world.current().attachVolumes(to, [attached(id)], world.order())
const detach = (id: string, from = spec.id) =>
  world.current().detachVolumes(from, [id], world.order())

async function volume(): Promise<string> {
  const id = randomUUID()
  const made = { id, tenant: spec.tenant, sizeGb: 1, source: null }
  await world.current().ensureVolume(made, world.order())
  return id
}

/** What QEMU has, whatever the records say. One client at a time may ask, so the engine lets go meanwhile. */
async function pluggedIn(machine = spec.id): Promise<{ devices: string[]; nodes: string[] }> {
  await world.current().close()
  const qmp = await QmpClient.connect(world.paths.qmp(machine), 5_000, () => {})
  const parts = (await qmp.execute('qom-list', { path: '/machine/peripheral' })) as Named[]
  const nodes = (await qmp.execute('query-named-block-nodes', { flat: true })) as Named[]
  qmp.close()
  await qmp.closed
  await world.reopen()
  return {
    devices: parts.flatMap(({ name = '' }) => (name.startsWith('volume-') ? [name] : [])),
    nodes: nodes
      .flatMap((each) => each['node-name'] ?? [])
      .filter((name) => /^l[0-9a-f]{16}$/.test(name)),
  }
}
type Named = { name?: string; 'node-name'?: string }

async function killedAt(verb: Job['verb'], volume: string, dieAt: string): Promise<string> {
  await world.current().close()
  const copy = randomUUID()
  const { fence } = world.order()
  const about = { verb, volume, copy, machine: spec.id, tenant: spec.tenant }
  const job: Job = { ...world.options, ...about, fence, dieAt }
  const script = fileURLToPath(import.meta.resolve('./testing/change-volume.ts'))
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: 'inherit' })
  const [, signal] = await once(child, 'exit')
  expect(signal).toBe('SIGKILL')
  await world.reopen()
  return copy
}

test('a guest that is not up yet keeps its volumes, with words; asked again, it lets go', async () => {
  const spec = await world.deploy()
  const id = await volume()
  await attach(id, spec.id)
  const refused = expect(detach(id, spec.id)).rejects
  await refused.toThrow(/did not let go of BRK-123456V within 15 s; unmount it/)
  expect(await world.volumesOf(spec.id)).toEqual([id])
  await world.until(spec.id, (state) => state.guestUp)
  await detach(id, spec.id)
  expect(await world.volumesOf(spec.id)).toEqual([])
  await world.current().ensureGone(spec.id, world.order())
})

test('a volume belongs to the machine that has it, and otherwise to nobody', async () => {
  await world.until(spec.id, (state) => state.guestUp)
  const id = await volume()
  const path = `${world.paths.volumes}/${id}.json`
  const { activeLayer, gid } = JSON.parse(await readFile(path, 'utf8'))
  const owner = async () => {
    const file = await stat(`${world.paths.layers}/${activeLayer}.qcow2`)
    return { uid: file.uid, gid: file.gid, mode: file.mode & 0o777 }
  }
  expect(await owner()).toEqual({ uid: 0, gid, mode: 0o600 })
  await attach(id)
  const { uid } = await world.processOf(spec.id)
  expect(await owner()).toEqual({ uid, gid, mode: 0o600 })
  await detach(id)
  expect(await owner()).toEqual({ uid: 0, gid, mode: 0o600 })
})

test.each(['volumes recorded', 'volumes plugged'])(
  'a volume is usable when the server was killed while attaching, at "%s"',
  async (step) => {
    const id = await volume()
    await killedAt('attach', id, step)
    expect(await world.volumesOf(spec.id)).toEqual([id])
    await attach(id)
    expect((await pluggedIn()).devices).toEqual(['volume-1'])
    await detach(id)
    const { devices, nodes } = await pluggedIn()
    expect({ devices, disks: nodes.length }).toEqual({ devices: [], disks: 1 })
  },
)

test('a volume is usable when the server was killed while detaching', async () => {
  const id = await volume()
  await attach(id)
  await killedAt('detach', id, 'volumes unplugged')
  expect(await world.volumesOf(spec.id)).toEqual([id])
  await detach(id)
  expect(await world.volumesOf(spec.id)).toEqual([])
  await attach(id)
  expect((await pluggedIn()).devices).toEqual(['volume-1'])
  await detach(id)
})

test('a volume in use is whole when the server is killed at any step of cloning it', async () => {
  const id = await volume()
  await attach(id)
  for (const step of [
    'snapshot: overlay announced',
    'snapshot: overlay created',
    'snapshot: QEMU switched',
    'volume copied',
  ]) {
    const copy = await killedAt('clone', id, step)
    const source = { kind: 'volume', id } as const
    const { volumes } = await world.current().holdings()
    expect(volumes.includes(copy)).toBe(step === 'volume copied')
    const again = { id: copy, tenant: spec.tenant, sizeGb: 1, source }
    await world.current().ensureVolume(again, world.order())
    expect(await world.current().observe(spec.id)).toMatchObject({ status: 'running' })
    expect(JSON.parse(await readFile(`${world.paths.volumes}/${id}.json`, 'utf8'))).toMatchObject({
      pendingLayer: null,
    })
    await world.current().ensureVolumeGone(copy, world.order())
  }
  await detach(id)
  const { devices, nodes } = await pluggedIn()
  expect({ devices, disks: nodes.length }).toEqual({ devices: [], disks: 1 })
})

test('a volume that nobody has is whole when the server was killed at any step of cloning it', async () => {
  await world.current().ensureStopped(spec.id, 0, world.order())
  const id = await volume()
  const layersOf = async () =>
    JSON.parse(await readFile(`${world.paths.volumes}/${id}.json`, 'utf8'))
  for (const step of [
    'snapshot: overlay announced',
    'snapshot: overlay created',
    'volume copied',
  ]) {
    await killedAt('clone', id, step)
    expect((await layersOf()).pendingLayer, step).not.toBe(null)
    await world.current().ensureMachine({ ...spec, volumes: [attached(id)] }, world.order())
    const { activeLayer, pendingLayer } = await layersOf()
    expect(pendingLayer, step).toBe(null)
    expect((await stat(`${world.paths.layers}/${activeLayer}.qcow2`)).mode & 0o777).toBe(0o600)
    expect((await pluggedIn()).nodes, step).toContain(activeLayer)
    await world.current().ensureStopped(spec.id, 0, world.order())
    await detach(id)
  }

  const copy = await killedAt('clone', id, 'volume copied')
  const again = {
    id: copy,
    tenant: spec.tenant,
    sizeGb: 1,
    source: { kind: 'volume', id },
  } as const
  await world.current().ensureVolume(again, world.order())
  expect((await layersOf()).pendingLayer).toBe(null)
  await world.current().ensureMachine(spec, world.order())
  await world.until(spec.id, (state) => state.guestUp)
})

test('a hibernated machine goes on with the volume that it got while it ran, and can give it back', async () => {
  const id = await volume()
  await attach(id)
  await world.current().ensureHibernated(spec.id, world.order())
  await expect(detach(id)).rejects.toThrow(/hibernated and its guest uses/)
  const state = await world
    .current()
    .ensureMachine({ ...spec, volumes: [attached(id)] }, world.order())
  expect(state).toMatchObject({ status: 'running' })
  await world.until(spec.id, (now) => now.guestUp)
  expect((await pluggedIn()).devices).toEqual(['volume-1'])
  await detach(id)
  expect(await world.volumesOf(spec.id)).toEqual([])
})

test('a guest that goes on sees how large its volume has become while it was hibernated', async () => {
  const userData = `#!/bin/sh
(while :; do echo "SECTORS $(cat /sys/block/vdb/size) END" > /dev/console; usleep 300000; done) &
`
  const id = await volume()
  const plain = world.spec({ volumes: [attached(id)] })
  const machine = await world.deploy({ ...plain, guest: { ...plain.guest, userData } })
  await world.until(machine.id, (state) => state.guestUp)
  await world.printed(machine.id, `SECTORS ${1e9 / 512} END`)
  await world.current().ensureHibernated(machine.id, world.order())
  await world.current().resizeVolume(id, 2, world.order())
  await world.current().ensureMachine(machine, world.order())
  await world.printed(machine.id, `SECTORS ${2e9 / 512} END`)
  await world.current().ensureGone(machine.id, world.order())
})

test('a volume that another machine has is refused before anything happens', async () => {
  const id = await volume()
  await attach(id)
  const other = await world.deploy()
  await expect(attach(id, other.id)).rejects.toThrow(EngineError)
  expect((await pluggedIn(other.id)).devices).toEqual([])
  await world.current().ensureGone(other.id, world.order())
  await detach(id)
})

test('more volumes than there are ports wait for a start, and none of them is taken', async () => {
  const ids = await Promise.all(Array.from({ length: 9 }, volume))
  const all = ids.map((id, index) => ({ id, serial: `V-${index}` }))
  const attaching = world.current().attachVolumes(spec.id, all, world.order())
  await expect(attaching).rejects.toThrow(/no free port.*stop it, attach them, and start it again/)
  expect(await world.volumesOf(spec.id)).toEqual([])
  await world.current().ensureStopped(spec.id, 0, world.order())
  await world.current().attachVolumes(spec.id, all, world.order())
  await world.current().ensureMachine({ ...spec, volumes: all }, world.order())
  expect((await pluggedIn()).devices).toHaveLength(9)
})

test('no layer is left when machines and volumes are gone', async () => {
  await world.current().ensureGone(spec.id, world.order())
  for (const id of (await world.current().holdings()).volumes)
    await world.current().ensureVolumeGone(id, world.order())
  await world.reopen()
  expect(await readdir(world.paths.layers)).toEqual([])
})
