import { afterEach, expect, it } from 'vitest'
import { tidy } from './housekeeping.ts'
import { createWorld, type World } from './testing/world.ts'

const day = 24 * 60 * 60_000

let world: World
afterEach(() => world.close())

it('keeps details of deleted machines for 30 days, and of living ones for ever', async () => {
  world = await createWorld()
  const me = await world.account()
  const alive = await world.runningInstance(me)
  const gone = await world.runningInstance(me)
  await world.change((tx) => world.services.instances.delete(tx, me, gone.public_id))
  await world.settle()
  const inDays = (days: number) => new Date(Date.now() + days * day)
  const ids = async () =>
    (await world.db.selectFrom('instances').select('id').execute()).map((row) => row.id).sort()

  await tidy(world.db, inDays(29))
  expect(await ids()).toEqual([alive.id, gone.id].sort())
  await tidy(world.db, inDays(31))
  expect(await ids()).toEqual([alive.id])
  expect(await world.db.selectFrom('operations').select('id').execute()).toEqual([])
})
