import { randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CapacityError, type MachineSpec } from '../engine.ts'
import { run } from './network/run.ts'
import { findMachineProcesses } from './process/processes.ts'
import { QmpClient } from './process/qmp.ts'
import { readFileOnDisk } from './testing/disk-content.ts'
import { makeQemuWorld, type QemuWorld } from './testing/world.ts'

let world: QemuWorld
beforeAll(async () => {
  world = await makeQemuWorld()
})
afterAll(() => world.dispose())

const gone = (spec: MachineSpec) => world.current().ensureGone(spec.id, world.order())
const recordOf = async ({ id }: MachineSpec) =>
  JSON.parse(await readFile(`${world.paths.machineFolder(id)}/machine.json`, 'utf8'))

async function deployWith(userData: string): Promise<MachineSpec> {
  const spec = world.spec()
  return world.deploy({ ...spec, guest: { ...spec.guest, userData } })
}

test('a QEMU has a user of its own, no privileges and no way to get any', async () => {
  const spec = await world.deploy()
  const { pid } = await world.processOf(spec.id)
  const { uid, gid } = await recordOf(spec)
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  expect(status).toMatch(new RegExp(`^Uid:\\t${uid}\\t${uid}\\t${uid}\\t${uid}$`, 'm'))
  expect(status).toMatch(new RegExp(`^Gid:\\t${gid}\\t${gid}\\t${gid}\\t${gid}$`, 'm'))
  expect(status).toMatch(/^Groups:\t *$/m)
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
    expect(status).toMatch(new RegExp(`^Cap${set}:\\t0+$`, 'm'))
  expect(status).toMatch(/^NoNewPrivs:\t1$/m)
  expect(status).toMatch(/^Seccomp:\t2$/m)
  await gone(spec)
})

test('its disk is its own, and what it has frozen belongs to nobody', async () => {
  const spec = await world.deploy()
  const before = await recordOf(spec)
  const order = world.order()
  await world.current().ensureSnapshot(spec.id, randomUUID(), { memory: false }, order)
  const { activeLayer, uid, gid } = await recordOf(spec)
  const ownerOf = async (layer: string) => {
    const file = await stat(`${world.paths.layers}/${layer}.qcow2`)
    return { uid: file.uid, gid: file.gid, mode: file.mode & 0o777 }
  }
  expect(await ownerOf(activeLayer)).toEqual({ uid, gid, mode: 0o600 })
  expect(await ownerOf(before.activeLayer)).toEqual({ uid: 0, gid, mode: 0o440 })
  await gone(spec)
})

test("no other user gets at its sockets, and its owner's data is not left lying about", async () => {
  const spec = await deployWith('#!/bin/sh\nexit 0\n')
  const folder = world.paths.runFolder(spec.id)
  const { uid, mode } = await stat(folder)
  expect({ uid, mode: mode & 0o777 }).toEqual({ uid: 0, mode: 0o700 })
  const sockets = ['agent.sock', 'display.sock', 'qmp.sock', 'serial.sock']
  expect((await readdir(folder)).sort()).toEqual(sockets)
  await gone(spec)
})

test('a guest that powers itself off is stopped by its own doing', async () => {
  const spec = await deployWith('#!/bin/sh\npoweroff\n')
  const state = await world.until(spec.id, ({ status }) => status === 'stopped')
  expect(state).toMatchObject({ reason: 'guest', guestUp: false })
  await expect.poll(() => findMachineProcesses(world.mark), { timeout: 20_000 }).toEqual([])
  expect(await world.current().observe(spec.id)).toMatchObject({ reason: 'guest' })
  await gone(spec)
})

test('that is known even if nobody was there', async () => {
  const spec = await deployWith('#!/bin/sh\nsleep 1\npoweroff\n')
  await world.current().close()
  const off = Promise.withResolvers<void>()
  const qmp = await QmpClient.connect(world.paths.qmp(spec.id), 5_000, ({ name }) => {
    if (name === 'SHUTDOWN') off.resolve()
  })
  await off.promise
  qmp.close()
  await world.reopen()
  const state = await world.current().observe(spec.id)
  expect(state).toMatchObject({ status: 'stopped', reason: 'guest' })
  await gone(spec)
})

test('a machine that was cut off and started again has what it had written', async () => {
  const script = '#!/bin/sh\necho kept > /root/file; sync; echo WRITTEN > /dev/console\n'
  const spec = await deployWith(script)
  await world.printed(spec.id, 'WRITTEN')
  await world.current().ensureStopped(spec.id, 0, world.order())
  await world.current().ensureMachine(spec, world.order())
  await world.current().ensureStopped(spec.id, 60_000, world.order())
  const { activeLayer } = await recordOf(spec)
  const disk = `${world.paths.layers}/${activeLayer}.qcow2`
  expect(await readFileOnDisk(disk, '/root/file')).toBe('kept\n')
  await gone(spec)
})

test('a machine that goes on because a stop was given up died when its QEMU is killed', async () => {
  const spec = await world.deploy()
  // As if the server had been killed while it waited for the guest.
  const record = `${world.paths.machineFolder(spec.id)}/machine.json`
  const power = { state: 'off', reason: 'requested', clean: true }
  await writeFile(record, JSON.stringify({ ...(await recordOf(spec)), power }))
  await world.reopen()
  await world.current().ensureMachine(spec, world.order())
  await world.kill(spec.id)
  const state = await world.until(spec.id, ({ status }) => status === 'stopped')
  expect(state).toMatchObject({ reason: 'died' })
  await gone(spec)
})

test('the serial line of a machine is kept', async () => {
  const spec = await deployWith('#!/bin/sh\necho hello from the guest > /dev/console\n')
  await world.printed(spec.id, 'hello from the guest')
  await gone(spec)
})

test('a machine that died tells the last words of its QEMU', async () => {
  const spec = await world.deploy()
  await writeFile(world.paths.processLog(spec.id), 'qemu: assertion failed\n')
  await world.kill(spec.id)
  const state = await world.until(spec.id, ({ status }) => status === 'stopped')
  expect(state.detail).toContain('qemu: assertion failed')
  await gone(spec)
})

test('a QEMU that does not start says why, and leaves nothing running', async () => {
  const spec = await world.deploy()
  await world.current().ensureStopped(spec.id, 0, world.order())
  const { recipe } = await recordOf(spec)
  const kernel = `${world.paths.boot}/${recipe}/kernel`
  await rename(kernel, `${kernel}.away`)
  const start = world.current().ensureMachine(spec, world.order())
  await expect(start).rejects.toThrow(/did not start: .*kernel/)
  await rename(`${kernel}.away`, kernel)
  expect(await findMachineProcesses(world.mark)).toEqual([])
  expect((await world.current().ensureMachine(spec, world.order())).status).toBe('running')
  await gone(spec)
})

test('a full disk pauses a machine, and refuses new ones; with room again it goes on', async () => {
  const { layers } = world.paths
  await run('mount', ['-t', 'tmpfs', '-o', 'size=1100m,mode=711', 'tmpfs', layers])
  try {
    await world.reopen()
    const script = '#!/bin/sh\nsleep 2; cat /dev/urandom > /root/big\n'
    const spec = await deployWith(script)
    await run('fallocate', ['-l', '1060m', `${layers}/ballast`])

    const paused = await world.until(spec.id, ({ status }) => status === 'unknown')
    expect(paused.detail).toMatch(/make room/)
    const another = await world.reserve()
    const refused = world.current().ensureMachine(another, world.order())
    await expect(refused).rejects.toThrow(CapacityError)
    const snapshot = randomUUID()
    const order = world.order()
    const taken = world.current().ensureSnapshot(spec.id, snapshot, { memory: false }, order)
    await expect(taken).rejects.toThrow(CapacityError)

    await rm(`${layers}/ballast`)
    const resumed = await world.current().ensureMachine(spec, world.order())
    expect(resumed.status).toBe('running')
    await gone(spec)
  } finally {
    await run('umount', ['--lazy', layers])
    await world.reopen()
  }
})

test('a disk cannot be smaller than what it is made from', async () => {
  const spec = await world.reserve({ diskGb: 0.01 })
  const made = world.current().ensureMachine(spec, world.order())
  await expect(made).rejects.toThrow(/needs 1 GB/)
  expect(await world.current().observe(spec.id)).toMatchObject({ status: 'absent' })
})

test("another tenant's snapshot makes no machine", async () => {
  const spec = await world.deploy()
  const snapshot = randomUUID()
  await world.current().ensureSnapshot(spec.id, snapshot, { memory: false }, world.order())
  const source = { kind: 'snapshot', id: snapshot } as const
  const stranger = await world.reserve({ tenant: randomUUID(), source })
  const made = world.current().ensureMachine(stranger, world.order())
  await expect(made).rejects.toThrow(/no snapshot .* of this tenant/)
  await gone(spec)
})

test('a QEMU that stands still is unknown, not dead, and can be deleted', async () => {
  const spec = await world.deploy()
  const { pid } = await world.processOf(spec.id)
  process.kill(pid, 'SIGSTOP')
  expect(await world.current().observe(spec.id)).toMatchObject({ status: 'unknown' })
  await world.reopen()
  expect(await world.current().observe(spec.id)).toMatchObject({ status: 'unknown' })
  await gone(spec)
  expect(await findMachineProcesses(world.mark)).toEqual([])
})

test('a QEMU that was started and never recorded as running is ended', async () => {
  const spec = await world.deploy()
  await world.current().close()
  // As if the server had been killed before it wrote the machine's record.
  const folder = world.paths.machineFolder(spec.id)
  await rename(`${folder}/machine.json`, `${world.paths.data}/kept.json`)
  await world.reopen()
  expect(await findMachineProcesses(world.mark)).toEqual([])
  expect(await world.current().observe(spec.id)).toMatchObject({ status: 'absent' })
  expect(await readdir(world.paths.run)).toEqual([])
  await gone(spec)
})

test('nothing is left when everything is gone', async () => {
  const spec = await world.deploy()
  await gone(spec)
  const { snapshots } = await world.current().holdings()
  for (const id of snapshots) await world.current().ensureSnapshotGone(id, world.order())
  for (const folder of [world.paths.machines, world.paths.snapshots, world.paths.run])
    expect(await readdir(folder)).toEqual([])
  expect(await findMachineProcesses(world.mark)).toEqual([])
  expect(await run('find', ['/sys/fs/cgroup', '-name', `*${spec.id}*`])).toBe('')
  // The OS layer stays for the next machine, until the engine starts again.
  await world.reopen()
  expect(await readdir(world.paths.layers)).toEqual([])
})
