/**
 * Twenty servers in a row, each killed with SIGKILL in the middle of whatever it does, while accounts go
 * on asking for changes. The last one lives: then every operation has ended, once, and the machines and microVMs
 * are what the database says, with nothing doubled and nothing left over.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SimulatedEngine } from '@garrison/engines/simulated/engine'
import { inFile, type World as Machines } from '@garrison/engines/simulated/state'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { systemClock } from '../clock.ts'
import { DomainError } from '../errors.ts'
import { newUuid } from '../ids.ts'
import { playMicrovms } from '../testing/outliving-microvms.ts'
import {
  createWorld,
  machinesInstantly,
  testImage,
  testRegion,
  type World,
} from '../testing/world.ts'

const rounds = 20
const changesPerRound = 8
const program = fileURLToPath(new URL('../testing/mortal-server.ts', import.meta.url))

let folder: string
let state: string
let world: World
let me: Caller
let keyId: string
let child: ChildProcess | null = null
/** Has the microVMs, which outlive every server. */
let played: SimulatedEngine

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-kill-'))
  state = join(folder, 'machines.json')
  world = await createWorld()
  me = await world.account()
  keyId = (await world.sshKey(me)).public_id
  played = new SimulatedEngine({ ...machinesInstantly, clock: systemClock })
  await played.start()
  await world.services.microvmSnapshots.registerBase()
})
afterEach(async () => {
  await kill()
  await played.close()
  await world.close()
  await rm(folder, { recursive: true })
})

/** Answers when the server has had so many effects, or has nothing left to do. */
async function serve(effects: number) {
  const input = JSON.stringify({ connection: world.connection, state })
  child = spawn(process.execPath, [program, input], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  playMicrovms(child, played.microvms)
  const { stdout } = child
  if (stdout === null) throw new Error('no standard output')
  const enough = (async () => {
    let seen = 0
    for await (const _ of createInterface({ input: stdout })) {
      seen += 1
      if (seen >= effects) return
    }
    throw new Error('the server died by itself')
  })()
  await Promise.race([enough, settled()])
}

async function kill() {
  if (child === null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  child = null
}

const openOperations = () =>
  world.db
    .selectFrom('operations')
    .select('id')
    .where('state', 'in', ['pending', 'running', 'undoing'])
    .execute()

async function settled() {
  for (let open = await openOperations(); open[0] !== undefined; open = await openOperations()) {
    await world.services.operations.wait(open[0].id, 1_000)
  }
}

const random = (below: number) => Math.floor(Math.random() * below)
const anyOf = <T>(things: readonly T[]): T | undefined => things[random(things.length)]

/** Words in a machine's name that make it misbehave; most do not. */
const moods = ['', '', '', '', 'fail-start-', 'fail-snapshot-', 'fail-image-']

type Change = () => Promise<unknown>

/** Something that an account may want, of what it has. Not all of it is possible at the moment. */
async function wishes(): Promise<Change[]> {
  const { deployment, instances, snapshots, images } = world.services
  const alive = <T extends 'instances' | 'snapshots' | 'images'>(table: T) =>
    world.db
      .selectFrom<'instances' | 'snapshots' | 'images'>(table)
      .select('public_id')
      .where('deleted_at', 'is', null)
      .execute()
  const instance = anyOf(await alive('instances'))?.public_id ?? ''
  const snapshot = anyOf(await alive('snapshots'))?.public_id ?? ''
  const image = anyOf(await alive('images'))?.public_id ?? ''
  const name = () => `${anyOf(moods) ?? ''}${newUuid().slice(-12)}`
  const wanted = () => ({
    vm_name: name(),
    region: testRegion,
    flavor: 'cpu-small',
    ssh_key_ids: [keyId],
  })
  const { change } = world
  return [
    () => change((tx) => deployment.deploy(tx, me, { ...wanted(), os_image: testImage })),
    () => change((tx) => deployment.deploy(tx, me, { ...wanted(), os_image: testImage })),
    () =>
      change((tx) =>
        deployment.deploy(tx, me, {
          ...wanted(),
          boot_source: 'custom_image',
          image_id: image,
        }),
      ),
    () => change((tx) => instances.stop(tx, me, instance)),
    () => change((tx) => instances.start(tx, me, instance)),
    () => change((tx) => instances.reboot(tx, me, instance)),
    () => change((tx) => instances.delete(tx, me, instance)),
    () => change((tx) => snapshots.create(tx, me, { instance_id: instance, name: name() })),
    () => change((tx) => snapshots.create(tx, me, { instance_id: instance, name: name() })),
    () => change((tx) => snapshots.restore(tx, me, snapshot, name())),
    () => change((tx) => snapshots.createImage(tx, me, { snapshot_id: snapshot, name: name() })),
    () => change((tx) => snapshots.delete(tx, me, snapshot)),
    () => change((tx) => images.delete(tx, me, image)),
    ...(await wishesOfMicrovms()),
  ]
}

async function wishesOfMicrovms(): Promise<Change[]> {
  const { microvms, microvmSessions, microvmSnapshots } = world.services
  const { change, db } = world
  const ended = ['terminated', 'failed'] as const
  const rows = await db
    .selectFrom('microvms')
    .selectAll()
    .where('status', 'not in', ended)
    .execute()
  const vm = anyOf(rows)
  const taken = await db
    .selectFrom('microvm_snapshots')
    .selectAll()
    .where('deleted_at', 'is', null)
    .execute()
  const own = anyOf(taken.filter((row) => row.account_id === me.accountId))?.public_id ?? ''
  const from = anyOf(taken)?.public_id ?? ''
  const id = vm?.public_id ?? ''
  const start = () =>
    change(async (tx) => {
      const snapshot = await microvmSnapshots.requireReady(tx, me, from)
      const snapshot_on_terminate = random(2) === 0
      const wanted = { snapshot_on_terminate, vm_lifetime_seconds: 86_400 }
      return microvmSessions.createVm(tx, me, wanted, snapshot)
    })
  return [
    ...[start, start, start],
    () => change((tx) => microvmSessions.clone(tx, me, id, anyOf([null, newUuid()]) ?? null)),
    () => change((tx) => microvms.snapshot(tx, me, id, newUuid())),
    () => change((tx) => microvms.suspend(tx, me, id)),
    () => change((tx) => microvms.resume(tx, me, id)),
    () => change((tx) => microvms.resume(tx, me, id)),
    async () => vm && change((tx) => microvms.end(tx, me, vm.id, 'It was deleted')),
    () => change((tx) => microvmSnapshots.delete(tx, me, own)),
  ]
}

/** Asks until so many wishes were granted. */
async function askFor(changes: number) {
  for (let granted = 0; granted < changes; ) {
    try {
      await anyOf(await wishes())?.()
      granted += 1
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
    }
  }
}

it('every operation ends once, and nothing is doubled or left over', async () => {
  for (let round = 0; round < rounds; round++) {
    await askFor(changesPerRound)
    const asking = askFor(changesPerRound / 2)
    await serve(1 + random(3 * changesPerRound))
    // Somewhere between the effect and what is written about it.
    await pause(random(10))
    await kill()
    await asking
  }
  await serve(Number.POSITIVE_INFINITY)
  await kill()
  await expectEndedOnce()
  await expectMachinesAsWritten()
  await expectMicrovmsAsWritten()
})

async function expectEndedOnce() {
  const operations = await world.db.selectFrom('operations').selectAll().execute()
  for (const { state, finished_at } of operations) {
    expect(['done', 'failed', 'cancelled']).toContain(state)
    expect(finished_at).toBeInstanceOf(Date)
  }
  expect(operations.map((operation) => operation.error ?? '').join()).not.toMatch(
    /left behind|internal error/i,
  )
  expect(await world.db.selectFrom('operation_holds').selectAll().execute()).toEqual([])
  // Each end writes its event in its own transaction: as many of one as of the other.
  const events = await world.db.selectFrom('events').select('kind').execute()
  const told = (kind: string) => events.filter((event) => event.kind === kind).length
  const done = (...kinds: string[]) =>
    operations.filter(({ kind, state }) => state === 'done' && kinds.includes(kind)).length
  expect({
    active: told('instance.active'),
    stopped: told('instance.shutoff'),
    deleted: told('instance.deleted'),
    snapshots: told('snapshot.success'),
    images: told('image.available'),
  }).toEqual({
    active: done('deploy-instance', 'restore-snapshot', 'start-instance', 'reboot-instance'),
    stopped: done('stop-instance'),
    deleted: done('delete-instance'),
    snapshots: done('create-snapshot'),
    images: done('create-image'),
  })
}

async function expectMachinesAsWritten() {
  const { db } = world
  const engine = new SimulatedEngine({
    ...machinesInstantly,
    clock: systemClock,
    state: inFile(state),
  })
  await engine.start()
  const holdings = await engine.holdings()
  await engine.close()
  const instances = await db.selectFrom('instances').selectAll().execute()
  const snapshots = await db.selectFrom('snapshots').selectAll().execute()
  const images = await db.selectFrom('images').selectAll().execute()
  const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id).sort()
  const inState = (status: string) =>
    ids(holdings.machines.filter((machine) => machine.status === status))
  const written = (...statuses: string[]) =>
    ids(instances.filter((row) => statuses.includes(row.status)))

  expect(inState('running')).toEqual(written('ACTIVE'))
  expect(inState('stopped')).toEqual(expect.arrayContaining(written('SHUTOFF')))
  expect(written('SHUTOFF', 'ERROR')).toEqual(expect.arrayContaining(inState('stopped')))
  expect([...holdings.snapshots].sort()).toEqual(
    ids(snapshots.filter((row) => row.status === 'SUCCESS' && row.deleted_at === null)),
  )
  expect([...holdings.images].sort()).toEqual(
    ids(images.filter((row) => row.status === 'available' && row.deleted_at === null)),
  )
  const { addresses }: Machines = JSON.parse(await readFile(state, 'utf8'))
  expect(Object.keys(addresses).sort()).toEqual(
    ids(instances.filter((row) => row.address !== null)),
  )
}

async function expectMicrovmsAsWritten() {
  const rows = await world.db.selectFrom('microvms').selectAll().execute()
  const snapshots = await world.db.selectFrom('microvm_snapshots').selectAll().execute()
  const held = await played.microvms.microvmHoldings()
  const told = (all: readonly { id: string; status: string }[]) =>
    all.map(({ id, status }) => `${id} ${status}`).sort()
  const live = rows.filter(({ status }) => ['running', 'suspended'].includes(status))
  expect(told(held.microvms)).toEqual(told(live))
  expect(rows.filter((row) => !live.includes(row)).every((row) => row.ended_at !== null)).toBe(true)
  const ready = snapshots.filter((row) => row.status === 'ready' && row.deleted_at === null)
  expect([...held.snapshots].sort()).toEqual(ready.map(({ id }) => id).sort())
  const open = snapshots.filter(({ status }) => ['pending', 'building'].includes(status))
  expect(open).toEqual([])
}
