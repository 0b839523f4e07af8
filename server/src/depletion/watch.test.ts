import { EngineError } from '@garrison/engines/engine'
import { sql } from 'kysely'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMeter } from '../billing/meter.ts'
import { transaction } from '../database/database.ts'
import { createDeployQueue } from '../deploy-requests/queue.ts'
import type { WorldOptions } from '../testing/world.ts'
import { type PrepaidWorld, prepaidWorld } from './testing.ts'

let site: PrepaidWorld
let me: Awaited<ReturnType<PrepaidWorld['world']['account']>>
afterEach(() => site.world.close())

/** cpu-small costs 0.01 an hour. */
async function begin(credits: number, options: Parameters<typeof prepaidWorld>[0] = {}) {
  site = await prepaidWorld(options)
  me = await site.world.account()
  await site.setEmail(me, 'me@example.org')
  await site.give(me, credits)
}

const day = 24 * 60

describe('credits that run low', () => {
  it('are told of below 24, 6 and 1 hours, each once, by mail and by event', async () => {
    await begin(0.3)
    await site.world.runningInstance(me)
    await site.pass(5 * 60)
    expect(await site.events(me)).toEqual([])
    for (const minutes of [2 * 60, 60, 18 * 60, 10, 190, 10]) await site.pass(minutes)
    expect(await site.events(me)).toEqual(['credits.low', 'credits.low', 'credits.low'])
    const mails = await site.mails(me)
    expect(mails.map(({ recipient, subject }) => [recipient, subject])).toEqual(
      ['24 hours', '6 hours', 'an hour'].map((time) => [
        'me@example.org',
        `Your credits last for less than ${time}`,
      ]),
    )
    expect(mails[0]?.body).toContain('$0.23 are left')
    expect(await site.statuses(me)).toEqual(['ACTIVE'])
  })
})

describe('credits that are used up', () => {
  it('hibernate what runs and what is shut off within one round, and destroy nothing', async () => {
    await begin(2)
    const { world } = site
    await world.runningInstance(me, 'runs')
    const off = await world.runningInstance(me, 'off')
    await world.change((tx) => world.services.instances.stop(tx, me, off.public_id))
    await world.settle()
    const volume = await world.volume(me)
    await site.leave(me, 10_000)
    await site.pass(3 * 60)
    expect(await site.statuses(me)).toEqual(['HIBERNATING', 'HIBERNATING'])
    await world.settle()
    expect(await site.statuses(me)).toEqual(['HIBERNATED', 'HIBERNATED'])
    expect(await world.services.volumes.require(world.db, me, volume.public_id)).toMatchObject({
      status: 'available',
    })
    expect(await site.events(me)).toEqual(['credits.depleted'])
    const [mail] = await site.mails(me)
    expect(mail?.subject).toMatch(/used up/)
    expect(mail?.body).toContain('Nothing is deleted')
  })

  it('take a machine in the middle of something once that has ended', async () => {
    await begin(0.05)
    await site.world.runningInstance(me, 'first')
    await site.world.stopRunners()
    await site.world.deploy(me, 'second')
    await site.pass(6 * 60)
    expect(await site.statuses(me)).toEqual(['HIBERNATING', 'CREATING'])
    await site.world.settle()
    await site.pass(1)
    await site.world.settle()
    expect(await site.statuses(me)).toEqual(['HIBERNATED', 'HIBERNATED'])
  })

  it('free the capacity that a hibernated machine keeps, and its price', async () => {
    await begin(0.05)
    const { world } = site
    const kept = await world.runningInstance(me)
    await world.change((tx) =>
      world.services.hibernation.hibernate(tx, me, kept.public_id, { retain_capacity: true }),
    )
    await world.settle()
    await site.pass(6 * 60)
    const after = await world.instance(me, kept)
    expect(after).toMatchObject({ status: 'HIBERNATED', retain_capacity: false })
    for (const [table, column, word] of [
      ['events', 'kind', 'instance.capacity-given-up'],
      ['audit_log', 'action', 'instance.give-up-capacity'],
    ] as const) {
      const { rows } = await sql`
        select from ${sql.table(table)}
        where ${sql.ref(column)} = ${word} and subject_id = ${kept.public_id}
      `.execute(world.db)
      expect(rows).toHaveLength(1)
    }
    const before = await site.balance(me)
    await site.pass(60)
    expect(before - (await site.balance(me))).toBe(500)
  })

  it('refuse everything that is new, and say how much is missing', async () => {
    await begin(0.05)
    const { world } = site
    const { services } = world
    const asleep = await world.runningInstance(me)
    await site.pass(6 * 60)
    await world.settle()
    const refused = {
      code: 'INSUFFICIENT_CREDITS',
      message: expect.stringMatching(/add at least \$\d+\.\d\d first$/),
    }
    await expect(world.deploy(me)).rejects.toMatchObject(refused)
    const change = (fn: Parameters<typeof transaction<unknown>>[1]) => world.change(fn)
    const volume = { name: 'v', region: 'LOCAL-1', size_gb: 1 }
    await expect(change((tx) => services.volumes.create(tx, me, volume))).rejects.toMatchObject(
      refused,
    )
    const { public_id } = asleep
    await expect(
      change((tx) => services.hibernation.restore(tx, me, public_id, {})),
    ).rejects.toMatchObject(refused)
    await world.db.updateTable('instances').set({ status: 'ERROR' }).execute()
    await expect(
      change((tx) => services.instances.reboot(tx, me, public_id)),
    ).rejects.toMatchObject(refused)
  })

  it('end a deployment that waits for room, and say why', async () => {
    const small = { vcpus: 4, memoryMib: 8192, diskGb: 1000, diskFreeGb: 1000, gpus: [] }
    await begin(2, { hosts: [{ name: 'small', ...small }] })
    const { world } = site
    await world.runningInstance(me)
    const key = await world.sshKey(me)
    const { request } = await world.change((tx) =>
      world.services.deployRequests.deploy(tx, me, {
        ...{ vm_name: 'waits', region: 'LOCAL-1', flavor: 'cpu-large', os_image: 'garrison-small' },
        ...{ ssh_key_ids: [key.public_id], wait_until: '2026-01-12T00:00:00Z' },
      }),
    )
    await site.leave(me, 0)
    await createDeployQueue({ ...world, ...world.services }).run()
    const ended = await world.services.deployRequests.require(
      world.db,
      me,
      request?.public_id ?? '',
    )
    expect(ended).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('add at least $0.01 first'),
    })
  })

  it('go on to be charged for what is stored, down to the floor and no further', async () => {
    await begin(0.05)
    await site.world.runningInstance(me)
    await site.pass(5 * 60)
    await site.world.settle()
    expect(await site.balance(me)).toBe(0)
    await site.pass(day)
    expect(await site.balance(me)).toBe(-24 * 500)
    await site.pass(30 * day)
    expect(await site.balance(me)).toBe(-7 * 24 * 500)
    await site.pass(day)
    expect(await site.balance(me)).toBe(-7 * 24 * 500)
    expect(await site.statuses(me)).toEqual(['HIBERNATED'])
  })

  it('are found after hours in which no server ran', async () => {
    await begin(0.05)
    await site.world.runningInstance(me)
    await site.pass(10 * 60)
    await site.world.settle()
    expect(await site.statuses(me)).toEqual(['HIBERNATED'])
    expect(await site.balance(me)).toBe(50_000 - 100_000)
    expect(await site.events(me)).toEqual(['credits.depleted'])
  })

  it('hibernate once, whoever looks at the same time', async () => {
    await begin(0.05)
    for (let n = 0; n < 3; n++) await site.world.runningInstance(me)
    site.clock.pass(2 * 60 * 60_000)
    await Promise.all([site.world.charge(), site.world.charge(), site.world.charge()])
    const begun = await site.world.db
      .selectFrom('operations')
      .select('id')
      .where('kind', '=', 'hibernate-instance')
      .execute()
    expect(begun).toHaveLength(3)
    expect((await site.events(me)).filter((kind) => kind === 'credits.depleted')).toHaveLength(1)
  })

  it("are nobody else's matter", async () => {
    await begin(0.05)
    const other = await site.world.account('Other')
    await site.give(other, 100)
    await site.world.runningInstance(me)
    await site.world.runningInstance(other)
    await site.pass(6 * 60)
    expect(await site.statuses(other)).toEqual(['ACTIVE'])
    expect(await site.mails(other)).toEqual([])
  })
})

describe('credits that come back', () => {
  it('start nothing by themselves, pay the debt first and let machines be restored', async () => {
    await begin(0.05)
    const { world } = site
    const machine = await world.runningInstance(me)
    await site.pass(6 * 60)
    await world.settle()
    await site.give(me, 1)
    expect(await site.balance(me)).toBe(990_000)
    await site.pass(1)
    expect(await site.events(me)).toEqual(['credits.depleted', 'credits.recovered'])
    expect(await site.statuses(me)).toEqual(['HIBERNATED'])
    await world.change((tx) => world.services.hibernation.restore(tx, me, machine.public_id, {}))
    await world.settle()
    await site.pass(1)
    expect(await site.statuses(me)).toEqual(['ACTIVE'])
  })

  it('in the moment of a depletion stop it: nothing is hibernated, nothing told', async () => {
    await begin(0.05)
    const { world, clock } = site
    await world.runningInstance(me)
    clock.pass(5 * 60 * 60_000)
    await createMeter({ clock, mode: 'prepaid' }).tick(world.db)
    // Credits are being booked while the round finds none, and commit before it can.
    const booked = Promise.withResolvers<void>()
    const commit = Promise.withResolvers<void>()
    const { accountId } = me
    const granting = transaction(world.db, async (tx) => {
      const gift = { currency: 'USD', micros: 5e6, description: 'Just in time' } as const
      await world.services.billing.grant(tx, { accountId, ...gift })
      booked.resolve()
      await commit.promise
    })
    await booked.promise
    const round = world.charge()
    await vi.waitFor(async () => expect(await waitingForLocks()).toBe(1))
    commit.resolve()
    await Promise.all([granting, round])
    await world.settle()
    expect(await site.statuses(me)).toEqual(['ACTIVE'])
    expect(await site.events(me)).toEqual([])
    expect(await site.balance(me)).toBe(5_000_000)
  })

  async function waitingForLocks() {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'
    `.execute(site.world.db)
    return rows[0]?.n
  }
})

describe('a machine that cannot be hibernated', () => {
  const failing =
    (fails: () => boolean): WorldOptions['onEffect'] =>
    (effect) => {
      if (effect === 'machine.hibernate' && fails()) throw new EngineError('no room for its memory')
    }

  it('is shut down, and then hibernated by its disk', async () => {
    let failures = 1
    await begin(0.05, { onEffect: failing(() => failures-- > 0) })
    await site.world.runningInstance(me)
    await site.pass(6 * 60)
    await site.world.settle()
    expect(await site.statuses(me)).toEqual(['ACTIVE'])
    await site.pass(1)
    await site.world.settle()
    expect(await site.statuses(me)).toEqual(['SHUTOFF'])
    await site.pass(10)
    await site.world.settle()
    expect(await site.statuses(me)).toEqual(['HIBERNATED'])
  })

  it('is left as it is when that fails too, and tried again less and less often', async () => {
    await begin(0.05, { onEffect: failing(() => true) })
    await site.world.runningInstance(me)
    for (let round = 0; round < 12; round++) {
      await site.pass(round === 0 ? 360 : 5)
      await site.world.settle()
    }
    expect(await site.statuses(me)).toEqual(['SHUTOFF'])
    const tries = await site.world.db
      .selectFrom('operations')
      .select('id')
      .where('kind', '=', 'hibernate-instance')
      .execute()
    expect(tries.length).toBeGreaterThan(2)
    expect(tries.length).toBeLessThan(7)
  })

  it('is shut down where its region hibernates nothing', async () => {
    await begin(0.05, { capabilities: { hibernate: false } })
    await site.world.runningInstance(me)
    await site.pass(6 * 60)
    await site.world.settle()
    expect(await site.statuses(me)).toEqual(['SHUTOFF'])
    await site.pass(day)
    expect(await site.statuses(me)).toEqual(['SHUTOFF'])
  })
})

describe('reclaiming', () => {
  it('never happens unless it is configured', async () => {
    await begin(0.05)
    await site.world.runningInstance(me)
    for (const days of [0.25, 3, 4, 20, 100]) {
      await site.pass(days * day)
      await site.world.settle()
    }
    expect(await site.statuses(me)).toEqual(['HIBERNATED'])
    expect((await site.mails(me)).length).toBe(1)
  })

  it('reminds on days 3, 6 and 7, then deletes machines, volumes and snapshots in this order', async () => {
    await begin(2, { reclaim: true })
    const { world } = site
    const machine = await world.runningInstance(me)
    const snapshot = await world.readySnapshot(me, machine)
    await world.change((tx) => world.services.snapshots.pin(tx, me, snapshot.public_id, true))
    await world.volume(me)
    await site.leave(me, 0)
    const left = async () => {
      const count = async (table: 'volumes' | 'snapshots') =>
        (await world.db.selectFrom(table).select('id').where('deleted_at', 'is', null).execute())
          .length
      const alive = (await site.statuses(me)).filter((status) => status !== 'DELETED')
      return [alive.length, await count('volumes'), await count('snapshots')]
    }
    await site.pass(1)
    await world.settle()
    for (const days of [3, 3, 0.9]) await site.pass(days * day)
    expect(await left()).toEqual([1, 1, 1])
    await site.pass(0.2 * day)
    expect(await left()).toEqual([1, 1, 1])
    const seen: number[][] = []
    for (let round = 0; round < 4; round++) {
      await site.pass(1)
      await world.settle()
      seen.push(await left())
    }
    expect(seen).toEqual([
      [0, 1, 1],
      [0, 0, 1],
      [0, 0, 0],
      [0, 0, 0],
    ])
    expect((await site.events(me)).filter((kind) => /reclaim/.test(kind))).toHaveLength(3)
    const subjects = (await site.mails(me)).map(({ subject }) => subject)
    expect(subjects[1]).toContain('will be deleted on 2026-01-17 00:01 UTC')
    expect(subjects.at(-1)).toContain('is deleted now')
  })

  it('stops with the first credits', async () => {
    await begin(0.05, { reclaim: true })
    await site.world.runningInstance(me)
    await site.pass(6 * 60)
    await site.world.settle()
    for (const days of [3, 3, 1]) await site.pass(days * day)
    await site.give(me, 10)
    await site.pass(1)
    expect(await site.statuses(me)).toEqual(['HIBERNATED'])
    const standing = await site.world.db
      .selectFrom('depletions')
      .selectAll()
      .executeTakeFirstOrThrow()
    expect(standing).toMatchObject({ depleted_at: null, reclaim_from: null, reminded_day: 0 })
  })
})

it('does nothing where nothing is charged', async () => {
  site = await prepaidWorld({ config: { billing: { mode: 'off', currency: 'USD' } } })
  me = await site.world.account()
  await site.world.runningInstance(me)
  await site.pass(60 * day)
  expect(await site.statuses(me)).toEqual(['ACTIVE'])
  expect(await site.events(me)).toEqual([])
})
