import { afterEach, describe, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { hastyClock } from '../testing/hasty-clock.ts'
import { createWorld, emptyHoldings, type World, type WorldOptions } from '../testing/world.ts'
import type { Instance } from './store.ts'

let world: World
let me: Caller
afterEach(() => world.close())

async function begin(options: WorldOptions = {}) {
  world = await createWorld({ clock: hastyClock, ...options })
  me = await world.account()
}

type Action = 'start' | 'stop' | 'reboot' | 'delete'

const ask = (action: Action, { public_id }: Instance) =>
  world.change((tx) => world.services.instances[action](tx, me, public_id))

/** The instance as it is once all has settled. */
async function after(action: Action, instance: Instance) {
  await ask(action, instance)
  await world.settle()
  return world.instance(me, instance)
}

async function operations(kind?: string) {
  let query = world.db.selectFrom('operations').selectAll().orderBy('seq')
  if (kind !== undefined) query = query.where('kind', '=', kind)
  return query.execute()
}

describe('a machine', () => {
  it('keeps its address through stop, start and reboot', async () => {
    await begin()
    const instance = await world.runningInstance(me)
    const stopped = await after('stop', instance)
    expect(stopped).toMatchObject({ status: 'SHUTOFF', ready_at: null })
    expect(await world.engine.observe(instance.id)).toMatchObject({ status: 'stopped' })
    const started = await after('start', instance)
    expect(started.status).toBe('ACTIVE')
    const rebooted = await after('reboot', instance)
    expect(rebooted.status).toBe('ACTIVE')
    for (const each of [stopped, started, rebooted]) expect(each.address).toEqual(instance.address)
  })

  it('that ignores the shutdown is cut off, which the operation notes', async () => {
    await begin()
    const stopped = await after('stop', await world.runningInstance(me, 'ignore-shutdown'))
    expect(stopped).toMatchObject({ status: 'SHUTOFF', error: null })
    const [operation] = await operations('stop-instance')
    expect(operation).toMatchObject({
      state: 'done',
      note: 'The guest did not shut down within 60 s and was cut off',
    })
  })

  it('that shuts down when asked leaves no note', async () => {
    await begin()
    await after('stop', await world.runningInstance(me))
    expect((await operations('stop-instance'))[0]?.note).toBeNull()
  })

  it('that cannot be stopped says why, can be rebooted, and can be deleted', async () => {
    await begin()
    const instance = await world.runningInstance(me, 'fail-stop')
    const failed = await after('stop', instance)
    expect(failed.status).toBe('ERROR')
    expect(failed.error).toMatch(/could not be stopped/)
    expect(await after('reboot', instance)).toMatchObject({ status: 'ACTIVE', error: null })
    expect(await after('delete', instance)).toMatchObject({ status: 'DELETED' })
    expect(await world.engine.holdings()).toEqual(emptyHoldings)
  })

  it('whose guest never comes up is ACTIVE all the same, and not ready', async () => {
    await begin()
    const instance = await world.runningInstance(me, 'fail-boot')
    await world.reconciler.reconcile(instance.region, world.engine)
    expect(await world.instance(me, instance)).toMatchObject({ status: 'ACTIVE', ready_at: null })
  })
})

describe('a deletion', () => {
  it('takes everything away but the record', async () => {
    await begin()
    const deleted = await after('delete', await world.runningInstance(me))
    expect(deleted).toMatchObject({ status: 'DELETED', address: null })
    expect(deleted.deleted_at).toBeInstanceOf(Date)
    expect(await world.engine.holdings()).toEqual(emptyHoldings)
  })

  it('asked for again meanwhile answers the same and begins nothing', async () => {
    await begin()
    const instance = await world.runningInstance(me)
    await world.stopRunners()
    const first = await ask('delete', instance)
    const second = await ask('delete', instance)
    expect(second.status).toBe(first.status)
    expect(await operations('delete-instance')).toHaveLength(1)
  })

  it.each(['address.create', 'disk.create', 'machine.start'])(
    'cancels a deployment that has got to %s, and leaves nothing',
    async (effect) => {
      const reached = Promise.withResolvers<void>()
      const mayGoOn = Promise.withResolvers<void>()
      await begin({
        async onEffect(name) {
          if (name !== effect) return
          reached.resolve()
          await mayGoOn.promise
        },
      })
      world.startRunner()
      const instance = await world.deploy(me)
      await reached.promise
      await ask('delete', instance)
      mayGoOn.resolve()
      await world.settle()
      expect(await world.instance(me, instance)).toMatchObject({ status: 'DELETED' })
      expect(await world.engine.holdings()).toEqual(emptyHoldings)
      expect((await operations()).map(({ kind, state }) => [kind, state])).toEqual([
        ['deploy-instance', 'cancelled'],
        ['delete-instance', 'done'],
      ])
    },
  )

  it('of a machine whose deployment has not begun makes nothing at all', async () => {
    await begin()
    const instance = await world.deploy(me)
    await ask('delete', instance)
    await world.settle()
    expect(await world.instance(me, instance)).toMatchObject({ status: 'DELETED' })
    expect(world.engine.effects()).toEqual([])
  })

  it('during a snapshot ends both, and the snapshot says why', async () => {
    const reached = Promise.withResolvers<void>()
    const mayGoOn = Promise.withResolvers<void>()
    await begin({
      async onEffect(name) {
        if (name !== 'snapshot.create') return
        reached.resolve()
        await mayGoOn.promise
      },
    })
    const instance = await world.runningInstance(me)
    const { snapshot, image } = await world.change((tx) =>
      world.services.snapshots.create(tx, me, {
        instance_id: instance.public_id,
        name: 'before',
        create_as_image: true,
      }),
    )
    await reached.promise
    await ask('delete', instance)
    mayGoOn.resolve()
    await world.settle()
    expect(await world.instance(me, instance)).toMatchObject({ status: 'DELETED' })
    const left = await world.services.snapshots.require(world.db, me, snapshot.public_id)
    expect(left).toMatchObject({ status: 'ERROR', error: 'Its instance was deleted meanwhile' })
    const its = await world.services.images.require(world.db, me, image?.public_id ?? '')
    expect(its.status).toBe('error')
    expect(its.error).toContain(snapshot.public_id)
    expect(await world.engine.holdings()).toEqual(emptyHoldings)
  })

  it('at any moment of many deployments leaves nothing of any of them', async () => {
    await begin()
    world.startRunner()
    const deployed = await Promise.all(Array.from({ length: 20 }, () => world.deploy(me)))
    const deletions = deployed.map(async (instance, index) => {
      for (let turn = 0; turn < index; turn++) await new Promise(setImmediate)
      await ask('delete', instance)
    })
    await Promise.all(deletions)
    await world.settle()
    for (const instance of deployed) {
      expect(await world.instance(me, instance)).toMatchObject({ status: 'DELETED', error: null })
    }
    expect(await world.engine.holdings()).toEqual(emptyHoldings)
  })

  it.each(['stop', 'reboot'] as const)('cancels a %s', async (action) => {
    await begin()
    const instance = await world.runningInstance(me)
    await world.stopRunners()
    await ask(action, instance)
    await ask('delete', instance)
    await world.settle()
    expect(await world.instance(me, instance)).toMatchObject({ status: 'DELETED' })
    expect((await operations(`${action}-instance`))[0]?.state).toBe('cancelled')
  })

  it('leaves the snapshots and images of the machine', async () => {
    await begin()
    const instance = await world.runningInstance(me)
    const snapshot = await world.readySnapshot(me, instance)
    await after('delete', instance)
    expect(await world.engine.holdings()).toEqual({ ...emptyHoldings, snapshots: [snapshot.id] })
  })
})
