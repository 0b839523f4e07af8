import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type MachineSpec, UnsupportedError } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

export function describeMemorySnapshots(site: Site): void {
  let source: MachineSpec
  beforeAll(async () => {
    const plain = site.world.spec()
    // It is told once; what begins as a snapshot does not have it.
    const guest = { ...plain.guest, userData: '#!/bin/sh\n' }
    source = await site.reserve({ ...plain, guest })
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach(async (context) => {
    context.skip(!site.engine.capabilities().memorySnapshot, 'this engine cannot keep memory')
    await site.engine.ensureMachine(source, site.order())
    await site.until(source.id, (state) => state.guestUp)
  }, LIMIT_MS)

  const take = async (of: MachineSpec = source) => {
    const id = site.newSnapshot()
    const result = await site.engine.ensureSnapshot(of.id, id, { memory: true }, site.order())
    return { id, result }
  }

  test('are taken of a guest that goes on, and say that they hold memory', async () => {
    const { id, result } = await take()
    expect(result).toMatchObject({ memory: true, diskGb: source.diskGb })
    expect(await site.engine.observe(source.id)).toMatchObject({ status: 'running', guestUp: true })
    const again = site.engine.ensureSnapshot(source.id, id, { memory: true }, site.order())
    expect(await again).toEqual(result)
  })

  test('hold the disk only where nothing runs', async () => {
    await site.engine.ensureStopped(source.id, 0, site.order())
    expect((await take()).result).toMatchObject({ memory: false })
  })

  test('are refused while volumes are attached, and nothing is left of them', async (context) => {
    context.skip(!site.engine.capabilities().volumes, 'this engine has no volumes')
    const id = await site.volume(source.tenant)
    const volume = { id, serial: 'V-1' }
    await site.engine.attachVolumes(source.id, [volume], site.order())
    await expect(take()).rejects.toThrow(UnsupportedError)
    await site.engine.detachVolumes(source.id, [id], site.order())
    expect((await take()).result).toMatchObject({ memory: true })
  })

  test('make several machines that go on', async () => {
    const { id } = await take()
    for (const spec of [
      await site.deployFrom({ kind: 'snapshot', id }),
      await site.deployFrom({ kind: 'snapshot', id }),
    ]) {
      const state = await site.until(spec.id, (seen) => seen.guestUp)
      expect(state.status).toBe('running')
    }
  })

  test('may go, and what began as them hibernates and restarts like any other', async () => {
    const { id } = await take()
    const spec = await site.deployFrom({ kind: 'snapshot', id })
    await site.engine.ensureSnapshotGone(id, site.order())
    await site.until(spec.id, (seen) => seen.guestUp)
    expect(await site.engine.ensureHibernated(spec.id, site.order())).toEqual({ memory: true })
    await site.engine.ensureMachine(spec, site.order())
    await site.engine.ensureStopped(spec.id, 0, site.order())
    await site.engine.ensureMachine(spec, site.order())
    await site.until(spec.id, (seen) => seen.guestUp)
  })

  test('make an image that boots', async () => {
    const image = await site.image((await take()).id)
    const spec = await site.deployFrom({ kind: 'image', id: image })
    await site.until(spec.id, (seen) => seen.guestUp)
  })
}
