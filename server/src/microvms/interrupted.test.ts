/** What becomes of a machine when something that it was begun with is taken away meanwhile. */
import { NotRunningError } from '@garrison/engines/engine'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Caller } from '../caller.ts'
import { createWorld, type World } from '../testing/world.ts'

let world: World
let me: Caller
beforeEach(async () => {
  world = await createWorld()
  me = await world.account()
  await world.services.microvmSnapshots.registerBase()
  await world.settle()
})
afterEach(() => world.close())

const start = async (snapshotId: string | null = null) => {
  const { microvmSnapshots, microvmSessions } = world.services
  const snapshot =
    snapshotId === null
      ? await microvmSnapshots.readyBase(1_000)
      : await microvmSnapshots.requireReady(world.db, me, snapshotId)
  const input = { snapshot_on_terminate: true, snapshot_name: 'testament' }
  return world.change((tx) => microvmSessions.createVm(tx, me, input, snapshot))
}
const running = async () => {
  const started = await start()
  await world.settle()
  return started
}
const vm = (publicId: string) => world.services.microvms.require(world.db, me, publicId)
const deleteSnapshot = (publicId: string) =>
  world.change((tx) => world.services.microvmSnapshots.delete(tx, me, publicId))
const end = (id: string) =>
  world.change((tx) => world.services.microvms.end(tx, me, id, 'It was deleted'))
const held = async () => {
  const { microvms, snapshots } = await world.engine.microvms.microvmHoldings()
  return { microvms: microvms.map(({ id }) => id), snapshots: snapshots.length }
}

it('its snapshot is deleted while it starts: it starts all the same', async () => {
  const { publicId } = await running()
  const { microvms } = world.services
  const { snapshot } = await world.change((tx) => microvms.snapshot(tx, me, publicId, 'own'))
  await world.settle()
  const copy = await start(snapshot.public_id)
  await deleteSnapshot(snapshot.public_id)
  await world.settle()
  expect(await vm(copy.publicId)).toMatchObject({ status: 'running' })
  expect((await held()).snapshots).toBe(1)
})

it('what it is to leave behind is deleted while it ends: it ends, and leaves nothing', async () => {
  const { id, publicId } = await running()
  await end(id)
  const snapshots = await world.services.microvmSnapshots.list(world.db, me, 'user')
  for (const { public_id } of snapshots) await deleteSnapshot(public_id)
  await world.settle()
  expect(await vm(publicId)).toMatchObject({ status: 'terminated', message: 'It was deleted' })
  expect(await held()).toEqual({ microvms: [], snapshots: 1 })
})

it('the one that it is to be a copy of ends before it was copied: it failed, in words', async () => {
  const { id, publicId } = await running()
  const { microvmSessions } = world.services
  await world.stopRunners()
  const { row } = await world.change((tx) => microvmSessions.clone(tx, me, publicId, null))
  await end(id)
  await world.settle()
  expect(await vm(row.public_id)).toMatchObject({
    status: 'failed',
    message: expect.stringContaining('was ended'),
    ended_at: expect.any(Date),
  })
  expect((await held()).microvms).toEqual([])
})

it.each([
  ['is suspended', 'suspend', /was suspended while this ran; resume it/],
  ['is ended', 'end', /ended while this ran/],
] as const)('it %s while code runs in it: whoever waits hears so', async (_, verb, words) => {
  const { id, publicId, row } = await running()
  const { microvms, executions } = world.services
  vi.spyOn(world.engine.microvms, 'execute').mockImplementation(async () => {
    if (verb === 'end') await end(id)
    else await world.change((tx) => microvms.suspend(tx, me, publicId))
    await world.settle()
    throw new NotRunningError('The line to the machine is gone')
  })
  const input = { language: 'bash' as const, command: 'sleep 60', timeout: 60 }
  const waiting = executions.execute(
    me,
    { ...input, session_id: row.session_id },
    { hungUp: null, begins() {} },
  )
  await expect(waiting).rejects.toThrow(words)
})
