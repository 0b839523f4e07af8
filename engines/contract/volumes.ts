import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AttachedVolume, EngineError, type MachineSpec, NotFoundError } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

const attached = (id: string): AttachedVolume => ({ id, serial: `V-${id.slice(0, 8)}` })

export function describeVolumes(site: Site): void {
  const tenant = randomUUID()
  let spec: MachineSpec
  beforeAll(async () => {
    spec = await site.reserve(site.world.spec({ tenant }))
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach(async (context) => {
    context.skip(!site.engine.capabilities().volumes, 'this engine has no volumes')
    const { status } = await site.engine.observe(spec.id)
    if (status === 'absent') await site.engine.ensureMachine(spec, site.order())
    await site.engine.ensureStopped(spec.id, 0, site.order())
    await detach(...(await has()))
  }, LIMIT_MS)

  const volume = () => site.volume(tenant)
  const attach = (...ids: string[]) =>
    site.engine.attachVolumes(spec.id, ids.map(attached), site.order())
  const detach = (...ids: string[]) => site.engine.detachVolumes(spec.id, ids, site.order())
  const has = () => site.world.volumesOf(spec.id)
  const skipUnless = (able: 'hotplug' | 'coldplug', context: { skip(skip: boolean): void }) =>
    context.skip(!site.engine.capabilities()[able])

  test('one asked for again is the same one', async () => {
    const order = site.order()
    const id = site.newVolume()
    for (const sizeGb of [1, 1])
      await site.engine.ensureVolume({ id, tenant, sizeGb, source: null }, order)
    expect((await site.held()).volumes).toContain(id)
  })

  test('one that is gone is gone, however often', async () => {
    const id = await volume()
    await site.engine.ensureVolumeGone(id, site.order())
    await site.engine.ensureVolumeGone(id, site.order())
    expect((await site.held()).volumes).not.toContain(id)
  })

  test('a machine that is stopped gets some, twice, and starts with them', async (context) => {
    skipUnless('coldplug', context)
    const [one, two] = [await volume(), await volume()]
    await attach(one, two)
    await attach(two, one)
    const volumes = [one, two].map(attached)
    await site.engine.ensureMachine({ ...spec, volumes }, site.order())
    expect(await has()).toEqual([one, two].sort())
  })

  test('a machine that is stopped gives some back, twice', async (context) => {
    skipUnless('coldplug', context)
    const [one, two] = [await volume(), await volume()]
    await attach(one, two)
    await detach(one)
    await detach(one)
    expect(await has()).toEqual([two])
    await detach(two)
  })

  test('a machine starts with those of its spec and no others', async (context) => {
    skipUnless('coldplug', context)
    const [one, two] = [await volume(), await volume()]
    await attach(one)
    await site.engine.ensureMachine({ ...spec, volumes: [attached(two)] }, site.order())
    expect(await has()).toEqual([two])
  })

  test('a machine that runs gets some and gives them back', async (context) => {
    skipUnless('hotplug', context)
    await site.engine.ensureMachine(spec, site.order())
    await site.until(spec.id, (state) => state.guestUp)
    const [one, two] = [await volume(), await volume()]
    await attach(one, two)
    await attach(one, two)
    expect(await has()).toEqual([one, two].sort())
    await detach(one, two)
    await detach(one, two)
    expect(await has()).toEqual([])
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'running', guestUp: true })
  })

  test('all are refused when one of them does not exist', async (context) => {
    skipUnless('coldplug', context)
    const one = await volume()
    await expect(attach(one, site.newVolume())).rejects.toThrow(NotFoundError)
    expect(await has()).not.toContain(one)
  })

  test("another tenant's does not exist", async (context) => {
    skipUnless('coldplug', context)
    const stranger = await site.volume(randomUUID())
    await expect(attach(stranger)).rejects.toThrow(NotFoundError)
  })

  test('one that a machine has is neither given to another nor removed', async (context) => {
    skipUnless('coldplug', context)
    const one = await volume()
    await attach(one)
    const other = await site.deploy(site.world.spec({ tenant }))
    await site.engine.ensureStopped(other.id, 0, site.order())
    const given = site.engine.attachVolumes(other.id, [attached(one)], site.order())
    await expect(given).rejects.toThrow(EngineError)
    await expect(site.engine.ensureVolumeGone(one, site.order())).rejects.toThrow(EngineError)
    expect(await has()).toContain(one)
    await detach(one)
  })

  test('of two machines that ask at once, one gets it', async (context) => {
    skipUnless('coldplug', context)
    const one = await volume()
    const other = await site.deploy(site.world.spec({ tenant }))
    await site.engine.ensureStopped(other.id, 0, site.order())
    const answers = await Promise.allSettled(
      [spec.id, other.id].map((id) => site.engine.attachVolumes(id, [attached(one)], site.order())),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  test('what a machine had outlives it', async (context) => {
    skipUnless('coldplug', context)
    const one = await volume()
    const machine = await site.deploy(site.world.spec({ tenant, volumes: [attached(one)] }))
    await site.engine.ensureGone(machine.id, site.order())
    expect((await site.held()).volumes).toContain(one)
    await attach(one)
    expect(await has()).toEqual([one])
    await detach(one)
  })

  test('attachments outlive the server', async (context) => {
    skipUnless('coldplug', context)
    const one = await volume()
    await attach(one)
    await site.reopen()
    expect(await has()).toEqual([one])
    await detach(one)
  })

  test('one grows, and never shrinks', async (context) => {
    context.skip(!site.engine.capabilities().volumeResize)
    const one = await volume()
    expect(await site.engine.resizeVolume(one, 3, site.order())).toEqual({ sizeGb: 3 })
    expect(await site.engine.resizeVolume(one, 3, site.order())).toEqual({ sizeGb: 3 })
    expect(await site.engine.resizeVolume(one, 2, site.order())).toEqual({ sizeGb: 3 })
  })

  test('one that is in use grows and is copied, and the copy outlives it', async (context) => {
    const { volumeResize, volumeClone } = site.engine.capabilities()
    skipUnless('hotplug', context)
    context.skip(!volumeResize || !volumeClone)
    const one = await volume()
    await site.engine.ensureMachine({ ...spec, volumes: [attached(one)] }, site.order())
    await site.engine.resizeVolume(one, 2, site.order())
    const copy = await site.volume(tenant, { sizeGb: 2, source: { kind: 'volume', id: one } })
    expect(await has()).toEqual([one])
    await site.engine.ensureStopped(spec.id, 0, site.order())
    await detach(one)
    await site.engine.ensureVolumeGone(one, site.order())
    await attach(copy)
    const volumes = [attached(copy)]
    const state = await site.engine.ensureMachine({ ...spec, volumes }, site.order())
    expect(state.status).toBe('running')
  })

  test('a copy is not smaller than its source', async (context) => {
    context.skip(!site.engine.capabilities().volumeClone)
    const large = await site.volume(tenant, { sizeGb: 2 })
    const source = { kind: 'volume', id: large } as const
    await expect(site.volume(tenant, { sizeGb: 1, source })).rejects.toThrow(EngineError)
  })

  test('a machine boots from one of an OS image and has it until it is gone', async (context) => {
    context.skip(!site.engine.capabilities().volumeBoot)
    const source = { kind: 'os-image', name: 'garrison-small' } as const
    const boot = await site.volume(tenant, { source })
    const machine = await site.deploy(
      site.world.spec({ tenant, diskGb: 1, source: { kind: 'volume', id: boot } }),
    )
    await site.until(machine.id, (state) => state.guestUp)
    await expect(site.engine.ensureVolumeGone(boot, site.order())).rejects.toThrow(EngineError)
    await expect(site.engine.detachVolumes(machine.id, [boot], site.order())).rejects.toThrow(
      EngineError,
    )
    if (site.engine.capabilities().snapshot) await site.snapshot(machine)
    await site.engine.ensureGone(machine.id, site.order())
    const again = await site.deploy(
      site.world.spec({ tenant, diskGb: 1, source: { kind: 'volume', id: boot } }),
    )
    await site.until(again.id, (state) => state.guestUp)
  })

  test('nothing boots from one that began empty', async (context) => {
    context.skip(!site.engine.capabilities().volumeBoot)
    const empty = await volume()
    const machine = await site.reserve(
      site.world.spec({ tenant, diskGb: 1, source: { kind: 'volume', id: empty } }),
    )
    await expect(site.engine.ensureMachine(machine, site.order())).rejects.toThrow(EngineError)
  })
}
