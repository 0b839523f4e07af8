/** Each row of the table that `reconcile.ts` opens with. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { ManualClock } from '../clock.testing.ts'
import { newUuid } from '../ids.ts'
import { machineSpec } from '../instances/machine-spec.ts'
import type { Instance } from '../instances/store.ts'
import { nextFence } from '../operations/store.ts'
import { createWorld, emptyHoldings, testRegion, type World } from '../testing/world.ts'

const minute = 60_000

let world: World
let clock: ManualClock
let me: Caller
beforeEach(async () => {
  clock = new ManualClock()
  world = await createWorld({ clock })
  me = await world.account()
})
afterEach(() => world.close())

async function reconcile() {
  await world.reconciler.reconcile(testRegion, world.engine)
  await world.settle()
}
const order = async () => ({ operation: newUuid(), fence: await nextFence(world.db) })
const now = (instance: Instance) => world.instance(me, instance)
const events = async (instance: Instance) => {
  const rows = await world.db
    .selectFrom('events')
    .select('kind')
    .where('subject_id', '=', instance.public_id)
    .orderBy('id')
    .execute()
  return rows.map((row) => row.kind)
}
const operationsOf = async (kind: string) =>
  world.db.selectFrom('operations').selectAll().where('kind', '=', kind).execute()

describe('a machine that should run', () => {
  it('and does is left alone', async () => {
    const instance = await world.runningInstance(me)
    await reconcile()
    const once = await now(instance)
    const effects = world.engine.effects().length
    await clock.advance(minute)
    await reconcile()
    expect(await now(instance)).toEqual(once)
    expect(world.engine.effects()).toHaveLength(effects)
  })

  it('and was shut down from inside is SHUTOFF', async () => {
    const instance = await world.runningInstance(me, 'power-off-after-5s')
    await clock.advance(5_000)
    await reconcile()
    expect(await now(instance)).toMatchObject({ status: 'SHUTOFF', error: null, ready_at: null })
    expect(await events(instance)).toContain('instance.shutoff')
  })

  it('and died is started again', async () => {
    const instance = await world.runningInstance(me)
    await reconcile()
    await world.engine.kill(instance.id)
    await reconcile()
    expect(await now(instance)).toMatchObject({ status: 'ACTIVE', error: null, ready_at: null })
    expect(await world.engine.observe(instance.id)).toMatchObject({ status: 'running' })
    expect(await operationsOf('recover-instance')).toMatchObject([{ state: 'done' }])
  })

  it('and dies again and again is started three times within ten minutes, then it is an ERROR', async () => {
    const instance = await world.runningInstance(me)
    for (let death = 1; death <= 4; death++) {
      await world.engine.kill(instance.id)
      await reconcile()
      await clock.advance(minute)
    }
    const given = await now(instance)
    expect(given.status).toBe('ERROR')
    expect(given.error).toMatch(/died 3 times within ten minutes.*process ended/)
    expect(await operationsOf('recover-instance')).toHaveLength(3)
    expect(await events(instance)).toContain('instance.error')
  })

  it('and dies now and then is started each time', async () => {
    const instance = await world.runningInstance(me)
    for (let death = 1; death <= 5; death++) {
      await world.engine.kill(instance.id)
      await reconcile()
      await clock.advance(4 * minute)
    }
    expect(await now(instance)).toMatchObject({ status: 'ACTIVE' })
  })

  it('and is gone with its disk is an ERROR, not a new machine with an empty disk', async () => {
    const instance = await world.runningInstance(me)
    await world.engine.ensureGone(instance.id, await order())
    await reconcile()
    const lost = await now(instance)
    expect(lost.status).toBe('ERROR')
    expect(lost.error).toMatch(/gone from the host/)
    expect(await world.engine.observe(instance.id)).toMatchObject({ status: 'absent' })
  })

  it('whose host does not answer is left alone: unknown is not dead', async () => {
    const instance = await world.runningInstance(me, 'lose-contact')
    await reconcile()
    expect(await now(instance)).toMatchObject({ status: 'ACTIVE', error: null })
    expect(await operationsOf('recover-instance')).toEqual([])
  })
})

describe('a machine that should rest', () => {
  async function stopped() {
    const instance = await world.runningInstance(me)
    await world.change((tx) => world.services.instances.stop(tx, me, instance.public_id))
    await world.settle()
    return now(instance)
  }

  it('and runs is stopped', async () => {
    const instance = await stopped()
    await world.engine.ensureMachine(machineSpec(instance, [], null, []), await order())
    await reconcile()
    expect(await now(instance)).toMatchObject({ status: 'SHUTOFF' })
    expect(await world.engine.observe(instance.id)).toMatchObject({ status: 'stopped' })
  })

  it('and does is left alone', async () => {
    const instance = await stopped()
    await reconcile()
    expect(await now(instance)).toEqual(instance)
  })

  it('and is gone with its disk is an ERROR', async () => {
    const instance = await stopped()
    await world.engine.ensureGone(instance.id, await order())
    await reconcile()
    expect(await now(instance)).toMatchObject({ status: 'ERROR' })
  })
})

it('a machine in ERROR that runs is stopped, and still says why it is in ERROR', async () => {
  const instance = await world.runningInstance(me)
  await world.db
    .updateTable('instances')
    .set({ status: 'ERROR', error: 'a reboot failed' })
    .where('id', '=', instance.id)
    .execute()
  await reconcile()
  expect(await world.engine.observe(instance.id)).toMatchObject({ status: 'stopped' })
  expect(await now(instance)).toMatchObject({ status: 'ERROR', error: 'a reboot failed' })
})

it.each(['start', 'reboot'] as const)(
  '%s makes no empty disk in place of one that is gone',
  async (action) => {
    const instance = await world.runningInstance(me)
    if (action === 'start') {
      await world.change((tx) => world.services.instances.stop(tx, me, instance.public_id))
      await world.settle()
    }
    await world.engine.ensureGone(instance.id, await order())
    await world.change((tx) => world.services.instances[action](tx, me, instance.public_id))
    await world.settle()
    expect(await now(instance)).toMatchObject({
      status: 'ERROR',
      error: expect.stringContaining('Its disk is gone'),
    })
    expect(await world.engine.observe(instance.id)).toMatchObject({ status: 'absent' })
  },
)

it('a machine that an operation is at work on is left to it', async () => {
  const instance = await world.runningInstance(me)
  await world.stopRunners()
  await world.change((tx) => world.services.instances.stop(tx, me, instance.public_id))
  await world.engine.kill(instance.id)
  await world.reconciler.reconcile(testRegion, world.engine)
  expect(await operationsOf('recover-instance')).toEqual([])
  expect(await now(instance)).toMatchObject({ status: 'STOPPING' })
})

describe('what belongs to nobody', () => {
  /** A machine, a snapshot and an image that the database knows nothing of. */
  async function strays() {
    const instance = await world.runningInstance(me)
    const stray = { ...machineSpec(instance, [], null, []), id: newUuid() }
    await world.engine.ensureAddress(stray.id, stray.tenant, await order())
    await world.engine.ensureMachine(stray, await order())
    const [snapshot, image] = [newUuid(), newUuid()]
    await world.engine.ensureSnapshot(stray.id, snapshot, { memory: false }, await order())
    await world.engine.ensureImage(image, snapshot, await order())
    return { instance, machine: stray.id, snapshot, image }
  }

  it('is removed after ten minutes, and not before', async () => {
    const { instance, machine, snapshot, image } = await strays()
    await reconcile()
    await clock.advance(10 * minute - 1)
    await reconcile()
    expect(await world.engine.holdings()).toMatchObject({ snapshots: [snapshot], images: [image] })
    expect(await world.engine.observe(machine)).toMatchObject({ status: 'running' })
    await clock.advance(1)
    await reconcile()
    const { machines, ...others } = await world.engine.holdings()
    expect({ machines: machines.map(({ id }) => id), ...others }).toEqual({
      ...emptyHoldings,
      machines: [instance.id],
      addresses: [instance.id],
    })
  })

  it('may be an address without a machine, which somebody else can have then', async () => {
    const nobody = newUuid()
    await world.engine.ensureAddress(nobody, me.accountId, await order())
    await reconcile()
    await clock.advance(10 * minute)
    await reconcile()
    expect(await world.engine.holdings()).toEqual(emptyHoldings)
  })

  it('is left alone when it was found an owner meanwhile', async () => {
    const { image } = await strays()
    await reconcile()
    const owned = await world.readySnapshot(me, await world.runningInstance(me))
    const { id } = await world.change((tx) =>
      world.services.snapshots.createImage(tx, me, { snapshot_id: owned.public_id, name: 'base' }),
    )
    await world.settle()
    await world.db.updateTable('images').set({ deleted_at: clock.now() }).execute()
    await world.db
      .updateTable('images')
      .set({ id: image, deleted_at: null } as never)
      .where('id', '=', id)
      .execute()
    await clock.advance(10 * minute)
    await reconcile()
    expect((await world.engine.holdings()).images).toContain(image)
  })

  it('begins its ten minutes anew when it had gone and comes back', async () => {
    const { snapshot, machine } = await strays()
    await reconcile()
    await world.engine.ensureSnapshotGone(snapshot, await order())
    await clock.advance(5 * minute)
    await reconcile()
    await world.engine.ensureSnapshot(machine, snapshot, { memory: false }, await order())
    await reconcile()
    await clock.advance(6 * minute)
    await reconcile()
    expect((await world.engine.holdings()).snapshots).toEqual([snapshot])
  })

  it('is nothing of a region that is not configured any more: its engine goes by another name', async () => {
    const instance = await world.runningInstance(me)
    const snapshot = await world.readySnapshot(me, instance)
    const { id } = await world.change((tx) =>
      world.services.snapshots.createImage(tx, me, {
        snapshot_id: snapshot.public_id,
        name: 'base',
      }),
    )
    await world.settle()
    const before = await world.engine.holdings()
    expect(before).toMatchObject({ snapshots: [snapshot.id], images: [id] })
    for (let look = 0; look < 3; look++) {
      await world.reconciler.reconcile('RENAMED-1', world.engine)
      await clock.advance(10 * minute)
    }
    expect(await world.engine.holdings()).toEqual(before)
    expect(await now(instance)).toMatchObject({ status: 'ACTIVE' })
  })

  it('is nothing that is still being made or taken away', async () => {
    const instance = await world.runningInstance(me)
    const snapshot = await world.readySnapshot(me, instance)
    await world.stopRunners()
    await world.change((tx) => world.services.snapshots.delete(tx, me, snapshot.public_id))
    await world.reconciler.reconcile(testRegion, world.engine)
    await clock.advance(11 * minute)
    await world.reconciler.reconcile(testRegion, world.engine)
    expect((await world.engine.holdings()).snapshots).toEqual([snapshot.id])
  })
})
