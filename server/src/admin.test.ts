import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { grantCredits, stopMachines } from './admin.ts'
import type { Caller } from './caller.ts'
import { claimDataFolder } from './data-folder.ts'
import { databaseUrlOf } from './database/testing.ts'
import { createWorld, testRegion, type World } from './testing/world.ts'

let world: World
let me: Caller
let options: { dataDir: string }

beforeEach(async () => {
  world = await createWorld()
  me = await world.account()
  options = { dataDir: mkdtempSync(join(tmpdir(), 'garrison-admin-')) }
  vi.stubEnv('DATABASE_URL', databaseUrlOf(world.connection))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  rmSync(options.dataDir, { recursive: true, force: true })
  await world.close()
})

function serverRuns(...regions: string[]) {
  claimDataFolder(options.dataDir).publish('http://127.0.0.1:8600', regions)
}

describe('granting credits', () => {
  const grant = (amount: number, reference?: string) => grantCredits(options, { amount, reference })

  it('gives and takes back in the currency of the account', async () => {
    expect(await grant(25.5)).toMatchObject({ currency: 'USD', granted: true, balance: 25.5 })
    expect(await grant(-0.5)).toMatchObject({ granted: true, balance: 25 })
    const events = await world.db.selectFrom('events').select(['kind', 'data']).execute()
    expect(events.filter(({ kind }) => kind === 'credits.granted').map(({ data }) => data)).toEqual(
      [25.5, -0.5].map((amount) => ({ amount, currency: 'USD' })),
    )
  })

  it('is in the audit log with the balance before and after', async () => {
    await grant(10)
    await grant(-4)
    const rows = await world.db
      .selectFrom('audit_log')
      .select(['action', 'before', 'after'])
      .where('action', '=', 'credits.grant')
      .orderBy('id')
      .execute()
    expect(rows.map(({ before, after }) => [before, after])).toEqual([
      [{ balance: 0 }, { balance: 10 }],
      [{ balance: 10 }, { balance: 6 }],
    ])
  })

  it('refuses a reference that stands for another amount', async () => {
    await grant(10, 'invoice-7')
    await expect(grant(11, 'invoice-7')).rejects.toThrow(
      'Another amount was granted as "invoice-7"',
    )
    expect(await grant(10, 'invoice-7')).toMatchObject({ granted: false, balance: 10 })
  })

  it('books a reference once for an account', async () => {
    await grant(10, 'invoice-7')
    expect(await grant(10, 'invoice-7')).toMatchObject({ granted: false, balance: 10 })
    const other = await world.account('Other')
    const theirs = { amount: 10, reference: 'invoice-7', account: other.accountPublicId }
    expect(await grantCredits(options, theirs)).toMatchObject({ granted: true, balance: 10 })
  })

  it('needs an account that there is', async () => {
    await expect(grantCredits(options, { amount: 1, account: 'BRK-000000U' })).rejects.toThrow(
      'BRK-000000U',
    )
  })
})

describe('stopping all machines', () => {
  it('needs a server', async () => {
    await expect(stopMachines(options)).rejects.toThrow('No server runs on this data folder')
  })

  it('stops those that run, and leaves those that are off alone', async () => {
    serverRuns(testRegion)
    const off = await world.runningInstance(me, 'off')
    await world.change((tx) => world.services.instances.stop(tx, me, off.public_id))
    const on = await world.runningInstance(me, 'on')
    expect(await stopMachines(options)).toEqual([
      { id: on.public_id, name: 'on', note: null, error: null },
    ])
    expect((await world.instance(me, on)).status).toBe('SHUTOFF')
  })

  it('waits for what is under way, and then stops the machine', async () => {
    serverRuns(testRegion)
    const snapped = await world.runningInstance(me, 'snapped')
    await world.stopRunners()
    await world.change((tx) =>
      world.services.snapshots.create(tx, me, { instance_id: snapped.public_id, name: 'before' }),
    )
    const young = await world.deploy(me, 'young')
    const stopping = stopMachines(options)
    world.startRunner()
    expect((await stopping).map(({ name, error }) => ({ name, error }))).toEqual(
      expect.arrayContaining([
        { name: 'snapped', error: null },
        { name: 'young', error: null },
      ]),
    )
    for (const each of [snapped, young])
      expect((await world.instance(me, each)).status).toBe('SHUTOFF')
  })

  it('tells of each machine that cannot be stopped, and stops the others', async () => {
    serverRuns(testRegion)
    await world.runningInstance(me, 'fail-stop')
    await world.runningInstance(me, 'fine')
    const report = vi.fn()
    const stopped = await stopMachines(options, report)
    expect(stopped).toHaveLength(2)
    expect(report).toHaveBeenCalledTimes(2)
    const errorOf = (name: string) => stopped.find((each) => each.name === name)?.error
    expect(errorOf('fail-stop')).toMatch(/could not be stopped/)
    expect(errorOf('fine')).toBeNull()
  })

  it('does not wait for a server that does not run the region', async () => {
    serverRuns('ELSEWHERE')
    await world.runningInstance(me, 'stranded')
    expect(await stopMachines(options)).toMatchObject([
      { name: 'stranded', error: expect.stringContaining('LOCAL-1 is not configured') },
    ])
  })
})
