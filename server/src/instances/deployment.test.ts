import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { loadConfig } from '../config.ts'
import { DomainError } from '../errors.ts'
import { hastyClock } from '../testing/hasty-clock.ts'
import { createWorld, emptyHoldings, testImage, testRegion, type World } from '../testing/world.ts'

let world: World
let me: Caller
beforeEach(async () => {
  world = await createWorld({ clock: hastyClock })
  me = await world.account()
})
afterEach(() => world.close())

async function deploy(change: Record<string, unknown> = {}) {
  const key = await world.sshKey(me)
  return world.change((tx) =>
    world.services.deployment.deploy(tx, me, {
      vm_name: 'web-1',
      region: testRegion,
      flavor: 'cpu-small',
      os_image: testImage,
      ssh_key_ids: [key.public_id],
      ...change,
    }),
  )
}
const code = (error: unknown) => (error instanceof DomainError ? error.code : error)

describe('a deployment', () => {
  it('ends with a machine that runs at an address', async () => {
    const instance = await world.runningInstance(me)
    expect(instance).toMatchObject({ status: 'ACTIVE', error: null, vcpus: 1, memory_mib: 1024 })
    expect(instance.address).toMatchObject({ ssh: { port: 22 } })
    expect(await world.engine.observe(instance.id)).toMatchObject({ status: 'running' })
  })

  it('says when the guest is up', async () => {
    const deployed = await world.runningInstance(me)
    expect(deployed.ready_at).toBeNull()
    await world.reconciler.reconcile(testRegion, world.engine)
    expect((await world.instance(me, deployed)).ready_at).toBeInstanceOf(Date)
  })

  it('is written down, with who asked for it, and told to the world', async () => {
    const { public_id } = await world.runningInstance(me)
    const told = await world.db
      .selectFrom('events')
      .select('kind')
      .where('subject_id', '=', public_id)
      .execute()
    expect(told.map((event) => event.kind)).toEqual([
      'instance.creating',
      'instance.build',
      'instance.active',
    ])
    const audited = await world.db
      .selectFrom('audit_log')
      .select(['action', 'api_key_id', 'request_id'])
      .where('subject_id', '=', public_id)
      .execute()
    expect(audited).toEqual([
      { action: 'instance.create', api_key_id: me.keyId, request_id: me.requestId },
    ])
  })

  it.each([
    ['whose machine does not start', 'fail-start', /did not start/],
    ['for which the host has no room after all', 'no-capacity', /has no room/],
  ])('%s says why, leaves nothing, and can be deleted', async (_, name, reason) => {
    const deployed = await world.runningInstance(me, name)
    expect(deployed).toMatchObject({ status: 'ERROR', address: null })
    expect(deployed.error).toMatch(reason)
    expect(deployed.error).not.toMatch(/left behind/)
    expect(await world.engine.holdings()).toEqual(emptyHoldings)

    await world.change((tx) => world.services.instances.delete(tx, me, deployed.public_id))
    await world.settle()
    expect(await world.instance(me, deployed)).toMatchObject({ status: 'DELETED', error: null })
  })

  it('that failed can be tried again by a reboot', async () => {
    const deployed = await world.runningInstance(me, 'no-capacity')
    await world.change((tx) => world.services.instances.reboot(tx, me, deployed.public_id))
    await world.settle()
    const again = await world.instance(me, deployed)
    expect(again.status).toBe('ERROR')
    expect(again.error).toMatch(/has no room/)
    const { rows } = await world.services.operations.list(
      world.db,
      me.accountId,
      { kind: 'reboot-instance' },
      { limit: 1, offset: 0 },
    )
    expect(rows[0]?.error).not.toMatch(/left behind/)
  })

  it('of one name among many at once happens once', async () => {
    const results = await Promise.allSettled(
      ['web', 'WEB', 'Web', 'wEb'].map((vm_name) => deploy({ vm_name })),
    )
    const refused = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
    expect(refused.map(code)).toEqual(Array(3).fill('NAME_ALREADY_EXISTS'))
    expect(await world.db.selectFrom('instances').select('id').execute()).toHaveLength(1)
  })

  it('may take the name of a machine that is deleted', async () => {
    const first = await world.runningInstance(me, 'web-1')
    await world.stopRunners()
    await world.change((tx) => world.services.instances.delete(tx, me, first.public_id))
    await expect(deploy()).rejects.toMatchObject({ code: 'NAME_ALREADY_EXISTS' })
    await world.settle()
    await expect(deploy()).resolves.toMatchObject({ instance: { name: 'web-1' } })
  })

  it('gives the machine each of its keys and its user-data, and forgets the data with it', async () => {
    const keys = [await world.sshKey(me), await world.sshKey(me)]
    const { instance } = await deploy({
      ssh_key_ids: keys.map((key) => key.public_id),
      cloud_init: '#!/bin/sh\necho secret',
    })
    expect(instance.user_data).toMatch(/secret/)
    const given = await world.services.instances.keysOf(world.db, instance)
    expect(given.map((key) => key.public_key).sort()).toEqual(
      keys.map((key) => key.public_key).sort(),
    )
    await world.settle()
    await world.change((tx) => world.services.instances.delete(tx, me, instance.public_id))
    await world.settle()
    expect((await world.instance(me, instance)).user_data).toBeNull()
  })
})

describe('from an image', () => {
  async function image() {
    const source = await world.runningInstance(me)
    const snapshot = await world.readySnapshot(me, source)
    const made = await world.change((tx) =>
      world.services.snapshots.createImage(tx, me, {
        snapshot_id: snapshot.public_id,
        name: 'base',
      }),
    )
    await world.settle()
    return made
  }
  const fromImage = (image_id: string, flavor = 'cpu-small') =>
    deploy({ boot_source: 'custom_image', os_image: undefined, image_id, flavor })

  it('a machine takes over the OS image and who logs in', async () => {
    const { public_id } = await image()
    const { instance } = await fromImage(public_id)
    await world.settle()
    expect(await world.instance(me, instance)).toMatchObject({
      status: 'ACTIVE',
      boot_source: 'custom_image',
      os_image: testImage,
      login_user: 'root',
    })
  })

  it('a machine may have a larger disk, but not a smaller one', async () => {
    const { public_id, id } = await image()
    await world.db.updateTable('images').set({ min_disk_gb: 20 }).where('id', '=', id).execute()
    await expect(fromImage(public_id)).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: { flavor: [expect.stringMatching(/20 GB/)] },
    })
    await expect(fromImage(public_id, 'cpu-medium')).resolves.toBeDefined()
  })

  it('a machine is made in the region of the image only', async () => {
    const { public_id, id } = await image()
    await world.db
      .updateTable('images')
      .set({ region: 'ELSEWHERE' } as never)
      .where('id', '=', id)
      .execute()
    await expect(fromImage(public_id)).rejects.toMatchObject({
      code: 'REGION_MISMATCH',
      message: expect.stringMatching(/ELSEWHERE/),
    })
  })
})

describe('where credits are needed', () => {
  beforeEach(async () => {
    await world.close()
    const { billing } = loadConfig({ env: {}, dataDir: '/nowhere' })
    world = await createWorld({ config: { billing: { ...billing, mode: 'prepaid' } } })
    me = await world.account()
  })
  const grant = (micros: number) =>
    world.change((tx) =>
      world.services.billing.grant(tx, {
        accountId: me.accountId,
        currency: 'USD',
        micros,
        description: 'Welcome',
      }),
    )

  it('a deployment without an hour of them is refused, and says what is missing', async () => {
    await grant(9_999)
    await expect(deploy()).rejects.toMatchObject({
      code: 'INSUFFICIENT_CREDITS',
      message: expect.stringMatching(/\$0\.01/),
    })
    expect(await world.db.selectFrom('instances').select('id').execute()).toEqual([])
  })

  it('a deployment with an hour of them begins', async () => {
    await grant(10_000)
    await expect(deploy()).resolves.toMatchObject({ instance: { hourly_rate_micros: 10_000 } })
  })

  it('a start needs an hour of them, as a deployment does', async () => {
    await grant(10_000)
    const { instance } = await deploy()
    await world.settle()
    const { instances } = world.services
    await world.change((tx) => instances.stop(tx, me, instance.public_id))
    await world.settle()
    await grant(-1)
    const start = () => world.change((tx) => instances.start(tx, me, instance.public_id))
    await expect(start()).rejects.toMatchObject({ code: 'INSUFFICIENT_CREDITS' })
    expect(await world.instance(me, instance)).toMatchObject({ status: 'SHUTOFF', error: null })
    await grant(1)
    await expect(start()).resolves.toMatchObject({ status: 'STARTING' })
  })
})
