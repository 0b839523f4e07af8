/**
 * The laws that every operation keeps, whatever it does: each step may run twice; a failure at any step
 * is undone completely; a death at any point is made good by the next runner. Afterwards the engine holds
 * what the database says, and nothing else.
 */
import { EngineError, FencedError } from '@garrison/engines/engine'
import { afterEach, describe, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { machineRules } from '../firewalls/machine-store.ts'
import { allowSsh, createWorld, testImage, testRegion, type World } from '../testing/world.ts'
import type { AnyOperationKind, Step } from './definition.ts'
import { operationKinds } from './kinds.ts'
import { dropLeases } from './store.ts'

/** Brings the world to where the operation can begin; what it answers begins it. */
type Scenario = (world: World, caller: Caller) => Promise<() => Promise<unknown>>

const running = async (world: World, caller: Caller) => world.runningInstance(caller)
const withPublicAddress = async (world: World, caller: Caller) => {
  const { public_id } = await world.deploy(caller, 'web-1', { public_ip: true })
  await world.settle()
  return { public_id }
}
const snapshotted = async (world: World, caller: Caller) =>
  world.readySnapshot(caller, await running(world, caller))

const scenarios: Record<string, Scenario> = {
  'deploy-instance': async (world, caller) => {
    const [boot, data] = [
      await world.volume(caller, { bootable: true }),
      await world.volume(caller),
    ]
    return () =>
      world.deploy(caller, 'equipped', {
        ...{ boot_source: 'volume', volume_id: boot.public_id, os_image: undefined },
        public_ip: true,
        volume_ids: [data.public_id],
      })
  },
  'restore-snapshot': async (world, caller) => {
    const { public_id } = await snapshotted(world, caller)
    return () =>
      world.change((tx) => world.services.snapshots.restore(tx, caller, public_id, 'restored'))
  },
  'start-instance': async (world, caller) => {
    const { public_id } = await running(world, caller)
    await world.change((tx) => world.services.instances.stop(tx, caller, public_id))
    await world.settle()
    return () => world.change((tx) => world.services.instances.start(tx, caller, public_id))
  },
  'recover-instance': async (world, caller) => {
    const { id } = await running(world, caller)
    await world.engine.kill(id)
    return () => world.reconciler.reconcile(testRegion, world.engine)
  },
  'stop-instance': async (world, caller) => {
    const { public_id } = await running(world, caller)
    return () => world.change((tx) => world.services.instances.stop(tx, caller, public_id))
  },
  'reboot-instance': async (world, caller) => {
    const { public_id } = await running(world, caller)
    return () => world.change((tx) => world.services.instances.reboot(tx, caller, public_id))
  },
  'rollback-instance': async (world, caller) => {
    const instance = await running(world, caller)
    const { public_id } = await world.readySnapshot(caller, instance)
    const input = { snapshot_id: public_id, snapshot_first: 'first', force: true }
    const { rollback } = world.services
    return () => world.change((tx) => rollback.rollBack(tx, caller, instance.public_id, input))
  },
  'hibernate-instance': async (world, caller) => {
    const { public_id } = await withPublicAddress(world, caller)
    return () =>
      world.change((tx) => world.services.hibernation.hibernate(tx, caller, public_id, {}))
  },
  'hibernate-instance of what is shut off': async (world, caller) => {
    const { public_id } = await withPublicAddress(world, caller)
    const { instances, hibernation } = world.services
    await world.change((tx) => instances.stop(tx, caller, public_id))
    await world.settle()
    return () => world.change((tx) => hibernation.hibernateUnpaid(tx, caller, public_id, 'credits'))
  },
  'restore-instance': async (world, caller) => {
    const { public_id } = await running(world, caller)
    const { hibernation } = world.services
    await world.change((tx) => hibernation.hibernate(tx, caller, public_id, {}))
    await world.settle()
    return () => world.change((tx) => hibernation.restore(tx, caller, public_id, {}))
  },
  'delete-instance': async (world, caller) => {
    const { public_id } = await withPublicAddress(world, caller)
    return () => world.change((tx) => world.services.instances.delete(tx, caller, public_id))
  },
  'apply-firewall': async (world, caller) => {
    const { public_id } = await running(world, caller)
    const firewall = await world.firewall(caller, allowSsh)
    return () =>
      world.change((tx) =>
        world.services.firewalls.attach(tx, caller, firewall.public_id, [public_id]),
      )
  },
  'toggle-public-ip': async (world, caller) => {
    const { public_id } = await running(world, caller)
    return () =>
      world.change((tx) => world.services.publicAddresses.toggle(tx, caller, public_id, true))
  },
  'create-snapshot': async (world, caller) => {
    const { public_id } = await running(world, caller)
    const input = { instance_id: public_id, name: 'snap' }
    return () => world.change((tx) => world.services.snapshots.create(tx, caller, input))
  },
  'delete-snapshot': async (world, caller) => {
    const { public_id } = await snapshotted(world, caller)
    return () => world.change((tx) => world.services.snapshots.delete(tx, caller, public_id))
  },
  'export-snapshot': async (world, caller) => {
    const { public_id } = await snapshotted(world, caller)
    return () => world.change((tx) => world.services.snapshotExports.create(tx, caller, public_id))
  },
  'delete-export': async (world, caller) => {
    const { public_id } = await snapshotted(world, caller)
    const { snapshotExports } = world.services
    await world.change((tx) => snapshotExports.create(tx, caller, public_id))
    await world.settle()
    return () => world.change((tx) => snapshotExports.delete(tx, caller, public_id))
  },
  'import-snapshot': async (world, caller) => {
    const { manifest, content } = await world.exported(caller, await snapshotted(world, caller))
    const { snapshotImports } = world.services
    const input = { manifest, region: testRegion, name: 'from-elsewhere' }
    const { snapshot } = await world.change((tx) => snapshotImports.create(tx, caller, input))
    const piece = { from: 0, data: new Blob([content]).stream() }
    return () => snapshotImports.upload(world.db, caller, snapshot.public_id, piece)
  },
  'create-image': async (world, caller) => {
    const { public_id } = await snapshotted(world, caller)
    const input = { snapshot_id: public_id, name: 'img' }
    return () => world.change((tx) => world.services.snapshots.createImage(tx, caller, input))
  },
  'delete-image': async (world, caller) => {
    const { public_id } = await snapshotted(world, caller)
    const input = { snapshot_id: public_id, name: 'img' }
    const image = await world.change((tx) =>
      world.services.snapshots.createImage(tx, caller, input),
    )
    await world.settle()
    return () => world.change((tx) => world.services.images.delete(tx, caller, image.public_id))
  },
  'create-volume': async (world, caller) => () =>
    world.change((tx) =>
      world.services.volumes.create(tx, caller, {
        ...{ name: 'boot', region: testRegion, size_gb: 10 },
        ...{ bootable: true, os_image: testImage },
      }),
    ),
  'clone-volume': async (world, caller) => {
    const { volume } = await equipped(world, caller)
    return () =>
      world.change((tx) => world.services.volumes.clone(tx, caller, volume.public_id, {}))
  },
  'resize-volume': async (world, caller) => {
    const { volume } = await equipped(world, caller)
    return () =>
      world.change((tx) => world.services.volumes.resize(tx, caller, volume.public_id, 20))
  },
  'delete-volume': async (world, caller) => {
    const { public_id } = await world.volume(caller)
    return () => world.change((tx) => world.services.volumes.delete(tx, caller, public_id))
  },
  'attach-volumes': async (world, caller) => {
    const { public_id } = await running(world, caller)
    const volumes = [await world.volume(caller), await world.volume(caller)]
    const ids = volumes.map((volume) => volume.public_id)
    return () => world.change((tx) => world.services.attachments.attach(tx, caller, public_id, ids))
  },
  'detach-volumes': async (world, caller) => {
    const { volume } = await equipped(world, caller)
    const ids = [volume.public_id]
    return () => world.change((tx) => world.services.attachments.detach(tx, caller, ids, undefined))
  },
  'start-microvm': async (world, caller) => {
    await world.services.microvmSnapshots.registerBase()
    await world.settle()
    return () => microvm(world, caller)
  },
  'start-microvm of a runner that has it at once': async (world, caller) => {
    await world.services.microvmSnapshots.registerBase()
    await world.settle()
    return () => microvm(world, caller)
  },
  'clone-microvm': async (world, caller) => {
    const { publicId } = await runningMicrovm(world, caller)
    return () =>
      world.change((tx) => world.services.microvmSessions.clone(tx, caller, publicId, null))
  },
  'snapshot-microvm': async (world, caller) => {
    const { publicId } = await runningMicrovm(world, caller)
    return () => world.change((tx) => world.services.microvms.snapshot(tx, caller, publicId, null))
  },
  'suspend-microvm': async (world, caller) => {
    const { publicId } = await runningMicrovm(world, caller)
    return () => world.change((tx) => world.services.microvms.suspend(tx, caller, publicId))
  },
  'resume-microvm': async (world, caller) => {
    const { publicId } = await runningMicrovm(world, caller)
    await world.change((tx) => world.services.microvms.suspend(tx, caller, publicId))
    await world.settle()
    return () => world.change((tx) => world.services.microvms.resume(tx, caller, publicId))
  },
  'apply-egress': async (world, caller) => {
    const { publicId } = await runningMicrovm(world, caller)
    const policy = { allow_https: true }
    return () =>
      world.change((tx) => world.services.microvmEgress.setOfVm(tx, caller, publicId, policy))
  },
  'delete-microvm': async (world, caller) => {
    const { id } = await runningMicrovm(world, caller)
    return () => world.change((tx) => world.services.microvms.end(tx, caller, id, 'Over'))
  },
  'build-microvm-snapshot': async (world) => () => world.services.microvmSnapshots.registerBase(),
  'delete-microvm-snapshot': async (world, caller) => {
    const { publicId } = await runningMicrovm(world, caller)
    const { microvms, microvmSnapshots } = world.services
    const { snapshot } = await world.change((tx) => microvms.snapshot(tx, caller, publicId, null))
    await world.settle()
    return () => world.change((tx) => microvmSnapshots.delete(tx, caller, snapshot.public_id))
  },
}

/** Begins to start one that leaves a snapshot when it ends. */
const microvm = async (world: World, caller: Caller) => {
  const { microvmSnapshots, microvmSessions } = world.services
  const base = await microvmSnapshots.readyBase(1_000)
  const input = { snapshot_on_terminate: true }
  return world.change((tx) => microvmSessions.createVm(tx, caller, input, base))
}
const runningMicrovm = async (world: World, caller: Caller) => {
  await world.services.microvmSnapshots.registerBase()
  await world.settle()
  const started = await microvm(world, caller)
  await world.settle()
  return started
}

/** A machine that has a volume. */
const equipped = async (world: World, caller: Caller) => {
  const [machine, volume] = [await running(world, caller), await world.volume(caller)]
  await world.change((tx) =>
    world.services.attachments.attach(tx, caller, machine.public_id, [volume.public_id]),
  )
  await world.settle()
  return { machine, volume }
}

let world: World
afterEach(() => world?.close())

it('are tried on every kind of operation there is', async () => {
  world = await createWorld()
  const tried = new Set(Object.keys(scenarios).map(kindOf))
  expect([...tried].sort()).toEqual([...operationKinds.keys()].sort())
})

describe.each(Object.keys(scenarios))('%s', (name) => {
  it('may run each step twice', async () => {
    const ended = await carryOut(name, (step) => ({
      ...step,
      async do(work) {
        await step.do(work)
        return step.do(work)
      },
    }))
    expect(ended.state).toBe('done')
    await expectNothingLeftOver()
  })

  const steps = stepNames(name)

  it.each(steps)('is undone completely when %s fails after its effect', async (failing) => {
    const ended = await carryOut(name, (step) => ({
      ...step,
      async do(work) {
        const result = await step.do(work)
        if (step.name === failing) throw new EngineError('the disk is on fire')
        return result
      },
    }))
    expect(ended).toMatchObject({ state: 'failed', error: 'the disk is on fire' })
    await expectNothingLeftOver()
  })

  it.each(steps)('is finished by the next runner after a death before %s', async (deadly) => {
    const death = deathAt(deadly)
    const ended = await carryOut(name, death.twist('before'), death.happened)
    expect(ended.state).toBe('done')
    await expectNothingLeftOver()
  })

  it.each(steps)('is finished by the next runner after a death behind %s', async (deadly) => {
    const death = deathAt(deadly)
    const ended = await carryOut(name, death.twist('behind'), death.happened)
    expect(ended.state).toBe('done')
    await expectNothingLeftOver()
  })

  it.each(undoable(name))(
    'is undone by the next runner after a death while undoing %s',
    async (deadly) => {
      const death = deathAt(deadly)
      const failing = (step: Step<never>): Step<never> => ({
        ...step,
        async do(work) {
          const result = await step.do(work)
          if (step.name === steps.at(-1)) throw new EngineError('the disk is on fire')
          return result
        },
      })
      const dying = death.twist('undo')
      const ended = await carryOut(name, (step) => dying(failing(step)), death.happened)
      expect(ended.state).toBe('failed')
      await expectNothingLeftOver()
    },
  )
})

type Twist = (step: Step<never>) => Step<never>

/** A step that kills its runner once, as the refusal of an engine would: nothing more is journalled. */
function deathAt(deadly: string) {
  const { promise: happened, resolve } = Promise.withResolvers<void>()
  let alive = true
  const die = () => {
    if (!alive) return
    alive = false
    resolve()
    throw new FencedError('killed')
  }
  const twist =
    (when: 'before' | 'behind' | 'undo'): Twist =>
    (step) =>
      step.name !== deadly
        ? step
        : {
            ...step,
            async do(work) {
              if (when === 'before') die()
              const result = await step.do(work)
              if (when === 'behind') die()
              return result
            },
            async undo(work) {
              await step.undo?.(work)
              if (when === 'undo') die()
            },
          }
  return { happened, twist }
}

/** A scenario is named by its kind, and by what is special about it. */
const kindOf = (name: string) => name.split(' of ')[0] ?? name
const stepsOf = (name: string): readonly Step<never>[] =>
  operationKinds.get(kindOf(name))?.steps ?? []
const stepNames = (name: string) => stepsOf(name).map((step) => step.name)
const undoable = (name: string) =>
  stepsOf(name).flatMap((step) => (step.undo === undefined ? [] : [step.name]))

/** Everything up to the operation happens as ever; the operation itself happens in twisted steps. */
async function carryOut(name: string, twist: Twist, death?: Promise<void>) {
  world = await createWorld()
  const caller = await world.account()
  const begin = await scenarios[name]?.(world, caller)
  await world.stopRunners()
  const twisted = new Map(
    [...operationKinds].map(([kind, operation]): [string, AnyOperationKind] => [
      kind,
      kind === kindOf(name) ? { ...operation, steps: operation.steps.map(twist) } : operation,
    ]),
  )
  if (!name.endsWith(' at once')) await begin?.()
  world.startRunner(twisted)
  if (name.endsWith(' at once')) await begin?.()
  await Promise.race([world.settle(), ...(death ? [death] : [])])
  await world.stopRunners()
  // What a new process does first: whoever held leases on this host's operations is dead.
  await dropLeases(world.db, [testRegion])
  world.startRunner(twisted)
  await world.settle()
  return world.db
    .selectFrom('operations')
    .select(['state', 'error'])
    .where('kind', '=', kindOf(name))
    .orderBy('seq', 'desc')
    .executeTakeFirstOrThrow()
}

/** The engine holds what the database says is there, in the state that it says, and nothing else. */
async function expectNothingLeftOver() {
  const { db, engine } = world
  const instances = await db.selectFrom('instances').selectAll().execute()
  const snapshots = await db.selectFrom('snapshots').selectAll().execute()
  const images = await db.selectFrom('images').selectAll().execute()
  const holdings = await engine.holdings()
  const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id).sort()
  const found = (status: string) =>
    ids(holdings.machines.filter((machine) => machine.status === status))
  const rows = (...statuses: string[]) =>
    ids(instances.filter((row) => statuses.includes(row.status)))
  expect(found('running')).toEqual(rows('ACTIVE'))
  expect(found('hibernated')).toEqual(rows('HIBERNATED'))
  expect(found('stopped')).toEqual(expect.arrayContaining(rows('SHUTOFF')))
  expect(rows('SHUTOFF', 'ERROR')).toEqual(expect.arrayContaining(found('stopped')))
  const addressed = ids(instances.filter((row) => row.address !== null))
  expect(holdings.addresses).toEqual(expect.arrayContaining(addressed))
  expect(ids(instances.filter((row) => row.deleted_at === null))).toEqual(
    expect.arrayContaining([...holdings.addresses]),
  )
  const withPublicAddress = instances.filter((row) => row.public_address !== null)
  expect(holdings.publicAddresses.toSorted()).toEqual(ids(withPublicAddress))
  expect(withPublicAddress.every((row) => row.public_ip === 'attached')).toBe(true)
  for (const { id, account_id } of instances.filter((row) => row.status === 'ACTIVE')) {
    expect(engine.rulesOf(id)).toEqual(await machineRules(db, account_id, id))
  }
  const waiting = await db
    .selectFrom('firewall_attachments')
    .select('status')
    .where('status', 'in', ['ATTACHING', 'DETACHING'])
    .execute()
  expect(waiting).toEqual([])
  expect([...holdings.snapshots].sort()).toEqual(
    ids(snapshots.filter((row) => row.status === 'SUCCESS' && row.deleted_at === null)),
  )
  const exports = await db.selectFrom('snapshot_exports').select(['id', 'status']).execute()
  expect([...holdings.exports].sort()).toEqual(
    ids(exports.filter((row) => row.status === 'SUCCESS')),
  )
  const imports = await db
    .selectFrom('snapshot_imports')
    .select(['snapshot_id', 'status'])
    .execute()
  const uploading = imports.filter((row) => row.status === 'UPLOADING')
  expect([...holdings.uploads].sort()).toEqual(uploading.map((row) => row.snapshot_id).sort())
  expect([...holdings.images].sort()).toEqual(
    ids(images.filter((row) => row.status === 'available' && row.deleted_at === null)),
  )
  const volumes = await db.selectFrom('volumes').selectAll().execute()
  const kept = volumes.filter((row) => row.deleted_at === null && row.status !== 'error')
  expect([...holdings.volumes].sort()).toEqual(ids(kept))
  expect(kept.map((row) => row.status)).not.toContainEqual(expect.stringMatching(/ing$/))
  for (const { id } of instances.filter((row) => row.status === 'ACTIVE')) {
    const attached = volumes.filter((row) => row.instance_id === id && !row.is_boot)
    expect(engine.volumesOf(id)).toEqual(ids(attached))
  }
  await expectNoMicrovmsLeftOver()
  expect(await db.selectFrom('operation_holds').selectAll().execute()).toEqual([])
}

async function expectNoMicrovmsLeftOver() {
  const { db, engine } = world
  const rows = await db.selectFrom('microvms').select(['id', 'status', 'ended_at']).execute()
  const held = await engine.microvms.microvmHoldings()
  const live = rows.filter(({ status }) => ['running', 'suspended'].includes(status))
  const plain = (all: readonly { id: string; status: string }[]) =>
    all.map(({ id, status }) => `${id} ${status}`).sort()
  expect(plain(held.microvms)).toEqual(plain(live))
  for (const { status, ended_at } of rows) {
    expect(['running', 'suspended', 'terminated', 'failed']).toContain(status)
    expect(ended_at !== null).toBe(['terminated', 'failed'].includes(status))
  }
  const ready = await db
    .selectFrom('microvm_snapshots')
    .select('id')
    .where('status', '=', 'ready')
    .where('deleted_at', 'is', null)
    .execute()
  expect([...held.snapshots].sort()).toEqual(ready.map(({ id }) => id).sort())
}
