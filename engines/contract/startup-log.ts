import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type MachineSpec, NotFoundError, type StartupLog } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

const SCRIPT = '#!/bin/sh\necho it was run\n'

export function describeStartupLog(site: Site): void {
  let spec: MachineSpec
  beforeAll(async () => {
    const plain = site.world.spec()
    spec = await site.deploy({ ...plain, guest: { ...plain.guest, userData: SCRIPT } })
  }, LIMIT_MS)
  beforeEach(() => site.engine.ensureMachine(spec, site.order()), LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)

  const isUp = ({ id }: MachineSpec) => site.until(id, (state) => state.guestUp)

  /** A guest tells nobody that its script has ended: looked at again and again. */
  async function ended({ id }: MachineSpec): Promise<StartupLog> {
    let log: StartupLog | null = null
    await expect
      .poll(
        async () => {
          log = await site.engine.readStartupLog(id)
          return log?.status
        },
        { timeout: LIMIT_MS },
      )
      .toMatch(/succeeded|failed/)
    if (log === null) throw new Error('It was there and is gone')
    return log
  }

  test('tells that its user-data ran, when, and what it said', async () => {
    await isUp(spec)
    const log = await ended(spec)
    expect(log).toMatchObject({ status: 'succeeded', exitCode: 0 })
    expect(log.log).toMatch(site.engine.capabilities().simulated ? /simulated/ : /^it was run\n$/)
    expect(log.finishedAt?.getTime()).toBeGreaterThanOrEqual(log.startedAt?.getTime() ?? Infinity)
  })

  test('is there after a hibernation, in which the user-data was forgotten', async (context) => {
    context.skip(!site.engine.capabilities().hibernate, 'this engine cannot hibernate')
    const before = await ended(spec)
    await site.engine.ensureHibernated(spec.id, site.order())
    const forgotten = { ...spec, guest: { ...spec.guest, userData: null } }
    await site.engine.ensureMachine(forgotten, site.order())
    await isUp(spec)
    expect(await ended(spec)).toMatchObject({ status: before.status, log: before.log })
  })

  test('is the same after a restart without user-data: it ran once', async () => {
    const before = await ended(spec)
    await site.engine.ensureStopped(spec.id, LIMIT_MS, site.order())
    expect(await site.engine.readStartupLog(spec.id)).toBeNull()
    const forgotten = { ...spec, guest: { ...spec.guest, userData: null } }
    await site.engine.ensureMachine(forgotten, site.order())
    await isUp(spec)
    expect(await ended(spec)).toMatchObject({ status: before.status, log: before.log })
  })

  test('is none where there was no user-data', async () => {
    const plain = await site.deploy()
    await isUp(plain)
    expect(await site.engine.readStartupLog(plain.id)).toBeNull()
  })

  test('of a machine that there is not is an error', async () => {
    const unknown = site.newMachine()
    await expect(site.engine.readStartupLog(unknown)).rejects.toThrow(NotFoundError)
  })
}
