import { afterEach, expect, it } from 'vitest'
import { tidy } from './housekeeping.ts'
import { createWorld, type World } from './testing/world.ts'

const day = 24 * 60 * 60_000

const inDays = (days: number) => new Date(Date.now() + days * day)

let world: World
afterEach(() => world.close())

it('keeps details of deleted machines for 30 days, and of living ones for ever', async () => {
  world = await createWorld()
  const me = await world.account()
  const alive = await world.runningInstance(me)
  const gone = await world.runningInstance(me)
  await world.change((tx) => world.services.instances.delete(tx, me, gone.public_id))
  await world.settle()
  const ids = async () =>
    (await world.db.selectFrom('instances').select('id').execute()).map((row) => row.id).sort()

  await tidy(world.db, inDays(29), world.log)
  expect(await ids()).toEqual([alive.id, gone.id].sort())
  await tidy(world.db, inDays(31), world.log)
  expect(await ids()).toEqual([alive.id])
  expect(await world.db.selectFrom('operations').select('id').execute()).toEqual([])
})

it('forgets what it can when something refuses to be forgotten, and says what that is', async () => {
  world = await createWorld()
  const me = await world.account()
  const [alive, deleted] = [await world.volume(me), await world.volume(me)]
  const gone = await world.runningInstance(me)
  await world.change((tx) => world.services.volumes.delete(tx, me, deleted.public_id))
  await world.change((tx) => world.services.instances.delete(tx, me, gone.public_id))
  await world.settle()
  // Its row is needed.
  await world.db
    .updateTable('volumes')
    .set({ status: 'in-use', instance_id: gone.id, attached_at: new Date() })
    .where('id', '=', alive.id)
    .execute()
  const said: unknown[] = []
  await tidy(world.db, inDays(31), (_level, _message, fields) => said.push(fields))
  expect(said).toMatchObject([{ what: 'instances' }])
  const volumes = await world.db.selectFrom('volumes').select('id').execute()
  expect(volumes).toEqual([{ id: alive.id }])
  expect(await world.db.selectFrom('operations').select('id').execute()).toEqual([])
})
