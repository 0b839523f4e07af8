import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { createWorld, testRegion, type World } from '../testing/world.ts'
import { keptInRegions, regionsInUse, requireRegionsInUse } from './regions-in-use.ts'

let world: World
let me: Caller
beforeEach(async () => {
  world = await createWorld()
  me = await world.account()
})
afterEach(() => world.close())

const start = (configured: string[], without: string[] = []) =>
  requireRegionsInUse(world.db, { configured, without })

it('counts what is there, and not what is deleted', async () => {
  expect(await regionsInUse(world.db)).toEqual([])
  const instance = await world.runningInstance(me)
  await world.runningInstance(me)
  await world.readySnapshot(me, instance)
  await world.firewall(me)
  await world.volume(me)
  await world.change((tx) => world.services.instances.delete(tx, me, instance.public_id))
  await world.settle()
  expect(await regionsInUse(world.db)).toEqual([
    { region: testRegion, things: '1 instance, 1 snapshot, 1 volume, 1 firewall' },
  ])
})

it('refuses to start without a region that is in use, and says what to do', async () => {
  await world.runningInstance(me)
  await world.firewall(me)
  const refusal = start(['LOCAL-2', 'DEMO-1'])
  await expect(refusal).rejects.toThrow('There are 1 instance, 1 firewall in LOCAL-1')
  await expect(refusal).rejects.toThrow('Regions that it names: LOCAL-2, DEMO-1')
  await expect(refusal).rejects.toThrow('./garrison up --without LOCAL-1')
})

it('starts with it, without anything there, and where somebody means to go on without it', async () => {
  await start([])
  await world.firewall(me)
  await start(['LOCAL-1'])
  await start(['LOCAL-2'], ['LOCAL-1'])
  await expect(start(['LOCAL-2'], ['LOCAL-l'])).rejects.toThrow('LOCAL-1')
})

it('looks at every table whose rows are in a region and are somebody’s', async () => {
  const { rows } = await sql<{ table_name: string }>`
    select table_name from information_schema.columns
    where table_schema = current_schema() and column_name in ('region', 'account_id')
    group by table_name having count(*) = 2`.execute(world.db)
  const known = keptInRegions.map(({ table }) => table)
  // These are about something that is counted itself.
  const counted = ['operations', 'microvm_executions']
  const others = rows.map((row) => row.table_name).filter((name) => !counted.includes(name))
  expect(others.toSorted()).toEqual([...known].sort())
})
