/** What is written of snapshots whose building or taking does not go as it was meant. */
import { GuestError } from '@garrison/engines/engine'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Caller } from '../../caller.ts'
import { createWorld, type World } from '../../testing/world.ts'

let world: World
let me: Caller
beforeEach(async () => {
  world = await createWorld()
  me = await world.account()
})
afterEach(() => world.close())

const asked = {
  ...{ oci_image: 'debian:12', type: 'user', vcpu_count: 2, memory_mb: 512 },
  build_args: { envs: { TOKEN: 'hush-hush' }, post_build_cmd: 'login hush-hush' },
} as const
const build = () =>
  world.change((tx) => world.services.microvmSnapshots.build(tx, me, asked as never))
const rowOf = (id: string) =>
  world.db
    .selectFrom('microvm_snapshots')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow()

it.each([
  ['the image is at fault', new GuestError('failed', 'No such package'), 'No such package\n'],
  ['the host is', new Error("ENOENT: no such file, open '/srv/other-tenant'"), ''],
])(
  'a build that fails says why where %s, and forgets what it was asked with',
  async (_, error, told) => {
    vi.spyOn(world.engine.microvms, 'buildMicrovmSnapshot').mockRejectedValue(error)
    const { id, public_id } = await build()
    await world.settle()
    const row = await rowOf(id)
    expect(row).toMatchObject({ status: 'failed', build: null })
    expect(row.error).not.toContain('/srv')
    const { require, readLog } = world.services.microvmSnapshots
    expect(await readLog(world.db, await require(world.db, me, public_id), 0)).toBe(told)
  },
)

it('one that is deleted while it is taken is on its way out, and never one that has failed', async () => {
  const { microvmSnapshots, microvmSessions, microvms } = world.services
  await microvmSnapshots.registerBase()
  await world.settle()
  const base = await microvmSnapshots.readyBase(1_000)
  const { publicId } = await world.change((tx) => microvmSessions.createVm(tx, me, {}, base))
  await world.settle()
  await world.stopRunners()
  const { snapshot } = await world.change((tx) => microvms.snapshot(tx, me, publicId, null))
  await world.change((tx) => microvmSnapshots.delete(tx, me, snapshot.public_id))
  await world.settle()
  const told = await world.db
    .selectFrom('events')
    .select('kind')
    .where('subject_id', '=', snapshot.public_id)
    .orderBy('id')
    .execute()
  expect(told.map(({ kind }) => kind)).not.toContain('microvm-snapshot.failed')
  expect(await rowOf(snapshot.id)).toMatchObject({ error: null, deleted_at: expect.any(Date) })
})
