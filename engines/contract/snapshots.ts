import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type MachineSpec, NotFoundError, UnsupportedError } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

export function describeSnapshots(site: Site): void {
  let source: MachineSpec
  beforeAll(async () => {
    source = await site.reserve()
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach((context) => {
    site.skipWithoutSnapshots(context)
    return site.engine.ensureMachine(source, site.order())
  }, LIMIT_MS)

  test('a running machine goes on running when a snapshot is taken', async () => {
    await site.until(source.id, (state) => state.guestUp)
    await site.snapshot(source)
    expect(await site.engine.observe(source.id)).toMatchObject({ status: 'running', guestUp: true })
  })

  test('a stopped machine stays stopped when a snapshot is taken', async () => {
    await site.engine.ensureStopped(source.id, 0, site.order())
    await site.snapshot(source)
    expect(await site.engine.observe(source.id)).toMatchObject({ status: 'stopped' })
  })

  test('a machine starts again after a snapshot of it was taken while it was stopped', async () => {
    await site.engine.ensureStopped(source.id, 0, site.order())
    await site.snapshot(source)
    const state = await site.engine.ensureMachine(source, site.order())
    expect(state.status).toBe('running')
  })

  test('a snapshot tells the size of the disk and how much it holds', async () => {
    const snapshot = site.newSnapshot()
    const options = { memory: false }
    const result = await site.engine.ensureSnapshot(source.id, snapshot, options, site.order())
    expect(result).toMatchObject({ diskGb: source.diskGb, memory: false })
    expect(['filesystem', 'crash']).toContain(result.consistency)
    expect(result.sizeBytes).toBeGreaterThanOrEqual(0)
  })

  test('a snapshot asked for again is the same snapshot', async () => {
    const snapshot = site.newSnapshot()
    const ask = () =>
      site.engine.ensureSnapshot(source.id, snapshot, { memory: false }, site.order())
    const first = await ask()
    expect(await ask()).toEqual(first)
  })

  test('a finished snapshot is answered again when its machine is gone', async () => {
    const machine = await site.deploy()
    const snapshot = site.newSnapshot()
    const ask = () =>
      site.engine.ensureSnapshot(machine.id, snapshot, { memory: false }, site.order())
    const first = await ask()
    await site.engine.ensureGone(machine.id, site.order())
    expect(await ask()).toEqual(first)
  })

  test('memory is refused by an engine that cannot keep it', async (context) => {
    context.skip(site.engine.capabilities().memorySnapshot, 'this engine can')
    const options = { memory: true }
    const taken = site.engine.ensureSnapshot(source.id, site.newSnapshot(), options, site.order())
    await expect(taken).rejects.toThrow(UnsupportedError)
  })

  test('a snapshot outlives its machine and makes another one', async () => {
    const machine = await site.deploy()
    const snapshot = await site.snapshot(machine)
    await site.engine.ensureGone(machine.id, site.order())
    const restored = await site.deployFrom({ kind: 'snapshot', id: snapshot })
    await site.until(restored.id, (state) => state.guestUp)
  })

  test('two machines are made from one snapshot', async () => {
    const snapshot = await site.snapshot(source)
    const restored = [
      await site.deployFrom({ kind: 'snapshot', id: snapshot }),
      await site.deployFrom({ kind: 'snapshot', id: snapshot }),
    ]
    const states = await Promise.all(restored.map((spec) => site.engine.observe(spec.id)))
    expect(states.map((state) => state.status)).toEqual(['running', 'running'])
  })

  test('a machine outlives the snapshot that it was made from', async () => {
    const snapshot = await site.snapshot(source)
    const restored = await site.deployFrom({ kind: 'snapshot', id: snapshot })
    await site.engine.ensureSnapshotGone(snapshot, site.order())
    await site.engine.ensureStopped(restored.id, 0, site.order())
    const state = await site.engine.ensureMachine(restored, site.order())
    expect(state.status).toBe('running')
  })

  test('a machine outlives a snapshot of it', async () => {
    const snapshot = await site.snapshot(source)
    await site.engine.ensureSnapshotGone(snapshot, site.order())
    await site.engine.ensureStopped(source.id, 0, site.order())
    const state = await site.engine.ensureMachine(source, site.order())
    expect(state.status).toBe('running')
  })

  test('a snapshot that is gone makes no machine', async () => {
    const snapshot = await site.snapshot(source)
    await site.engine.ensureSnapshotGone(snapshot, site.order())
    await site.engine.ensureSnapshotGone(snapshot, site.order())
    const late = site.deployFrom({ kind: 'snapshot', id: snapshot })
    await expect(late).rejects.toThrow(NotFoundError)
  })

  test('an image needs no larger disk than its snapshot had', async () => {
    const snapshot = await site.snapshot(source)
    const result = await site.engine.ensureImage(site.newImage(), snapshot, site.order())
    expect(result.minDiskGb).toBeLessThanOrEqual(source.diskGb)
    expect(result.sizeBytes).toBeGreaterThanOrEqual(0)
  })

  test('an image outlives its snapshot, is answered again and makes a machine', async () => {
    const snapshot = await site.snapshot(source)
    const image = site.newImage()
    const first = await site.engine.ensureImage(image, snapshot, site.order())
    await site.engine.ensureSnapshotGone(snapshot, site.order())
    expect(await site.engine.ensureImage(image, snapshot, site.order())).toEqual(first)
    const machine = await site.deployFrom({ kind: 'image', id: image })
    await site.until(machine.id, (state) => state.guestUp)
  })

  test('a machine outlives the image that it was made from', async () => {
    const image = await site.image(await site.snapshot(source))
    const machine = await site.deployFrom({ kind: 'image', id: image })
    await site.engine.ensureImageGone(image, site.order())
    await site.engine.ensureImageGone(image, site.order())
    await site.engine.ensureStopped(machine.id, 0, site.order())
    const state = await site.engine.ensureMachine(machine, site.order())
    expect(state.status).toBe('running')
  })
}
