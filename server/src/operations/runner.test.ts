import { EngineError } from '@garrison/engines/engine'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Caller } from '../caller.ts'
import type { Tx } from '../database/database.ts'
import { newUuid } from '../ids.ts'
import { hastyClock } from '../testing/hasty-clock.ts'
import { createWorld, testRegion, type World } from '../testing/world.ts'
import type { AnyOperationKind, OperationKind, Step } from './definition.ts'
import type { Begin } from './service.ts'
import { assertLease, dropLeases, LeaseLost, lease } from './store.ts'

type NoInput = Record<string, never>

let world: World
let me: Caller
beforeEach(async () => {
  world = await createWorld({ clock: hastyClock })
  me = await world.account()
})
afterEach(() => world.close())

const step = (name: string, does: Step<NoInput>['do'] = async () => undefined): Step<NoInput> => ({
  name,
  do: does,
})

/** The only kind that there is, made of these steps. */
function kindOf(
  steps: Step<NoInput>[],
  more: Partial<OperationKind<NoInput>> = {},
): ReadonlyMap<string, AnyOperationKind> {
  const kind: OperationKind<NoInput> = { kind: 'test', steps, failed: async () => {}, ...more }
  return new Map([['test', kind]])
}

/** Begins one that holds this for itself. */
const beginIn = (tx: Tx, resource: string, more: Pick<Begin, 'whenBusy' | 'atOnce'>) =>
  world.services.operations.begin(tx, {
    kind: 'test',
    accountId: me.accountId,
    region: testRegion,
    subject: { kind: 'instance', id: resource, publicId: 'BRK-123456D' },
    input: {},
    holds: [{ id: resource, exclusive: true }],
    ...more,
  })
const begin = (resource = newUuid(), whenBusy: 'refuse' | 'wait' | 'cancel' = 'refuse') =>
  world.change((tx) => beginIn(tx, resource, { whenBusy }))
const found = async (id: string) =>
  (await world.services.operations.require(world.db, me.accountId, id)).operation

/** Fails so many times before it succeeds. */
function flaky(times: number, error: Error) {
  const attempts = { count: 0 }
  const does = async () => {
    attempts.count += 1
    if (attempts.count <= times) throw error
    return undefined
  }
  return { attempts, does }
}

describe('a step that fails', () => {
  const full = new EngineError('The host is busy', { retryable: true })

  it('is tried three times more when trying may help', async () => {
    const { attempts, does } = flaky(3, full)
    world.startRunner(kindOf([step('one', does)]))
    const id = await begin()
    await world.settle()
    expect(await found(id)).toMatchObject({ state: 'done', error: null })
    expect(attempts.count).toBe(4)
  })

  it('fails the operation in the engine’s words when it goes on failing', async () => {
    const { attempts, does } = flaky(4, full)
    world.startRunner(kindOf([step('one', does)]))
    const id = await begin()
    await world.settle()
    expect(await found(id)).toMatchObject({ state: 'failed', error: 'The host is busy' })
    expect(attempts.count).toBe(4)
  })

  it('is not tried again when trying cannot help', async () => {
    const { attempts, does } = flaky(1, new EngineError('The disk is on fire'))
    world.startRunner(kindOf([step('one', does)]))
    await begin()
    await world.settle()
    expect(attempts.count).toBe(1)
  })

  it('by a bug of ours says so without the details', async () => {
    const { does } = flaky(1, new TypeError('x is not a function'))
    world.startRunner(kindOf([step('one', does)]))
    const id = await begin()
    await world.settle()
    expect(await found(id)).toMatchObject({
      state: 'failed',
      error: 'An internal error; the log has the details',
    })
  })

  it('is undone with all before it, newest first, and says what could not be', async () => {
    const undone: string[] = []
    const undoing = (name: string, fails = false): Step<NoInput> => ({
      ...step(name),
      async undo() {
        undone.push(name)
        if (fails) throw new EngineError('It resists')
      },
    })
    world.startRunner(
      kindOf([
        undoing('one'),
        undoing('two', true),
        {
          ...undoing('three'),
          async do() {
            throw new EngineError('The disk is on fire')
          },
        },
        undoing('four'),
      ]),
    )
    const id = await begin()
    await world.settle()
    expect(undone).toEqual(['three', 'two', 'two', 'two', 'two', 'one'])
    expect(await found(id)).toMatchObject({
      state: 'failed',
      error: 'The disk is on fire; left behind: two: It resists',
    })
  })
})

describe('two runners', () => {
  it('share the work, and no step runs in both', async () => {
    const ran: string[] = []
    const kinds = kindOf([
      step('one', async ({ operation }) => {
        ran.push(operation.id)
        return undefined
      }),
    ])
    world.startRunner(kinds)
    world.startRunner(kinds)
    const ids = await Promise.all(Array.from({ length: 30 }, () => begin()))
    await world.settle()
    expect(ran.toSorted()).toEqual(ids.toSorted())
  })

  it('carry out what holds the same thing one after another, in order', async () => {
    const ran: string[] = []
    let atOnce = 0
    const kinds = kindOf([
      step('one', async ({ operation }) => {
        expect(++atOnce).toBe(1)
        await new Promise(setImmediate)
        ran.push(operation.id)
        atOnce -= 1
        return undefined
      }),
    ])
    const resource = newUuid()
    const ids: string[] = []
    for (let count = 0; count < 5; count++) ids.push(await begin(resource, 'wait'))
    world.startRunner(kinds)
    world.startRunner(kinds)
    await world.settle()
    expect(ran).toEqual(ids)
  })

  it('let the later lease win: the earlier one can write nothing more', async () => {
    const id = await begin()
    const first = await lease(world.db, wanted([testRegion], 'first', 0))
    const second = await lease(world.db, wanted([testRegion], 'second', 10_000))
    expect([first?.id, second?.id]).toEqual([id, id])
    expect(second?.fence).toBeGreaterThan(first?.fence ?? 0)
    const write = (fence: number | undefined) =>
      world.change((tx) => assertLease(tx, id, fence ?? 0))
    await expect(write(first?.fence)).rejects.toThrow(LeaseLost)
    await expect(write(second?.fence)).resolves.toBeDefined()
    expect(await lease(world.db, wanted([testRegion], 'third', 10_000))).toBeUndefined()
  })

  it('take nothing of a region that is not theirs', async () => {
    await begin()
    expect(await lease(world.db, wanted(['ELSEWHERE'], 'other', 10_000))).toBeUndefined()
    expect(await lease(world.db, wanted([], 'nobody', 10_000))).toBeUndefined()
  })
})

const wanted = (regions: string[], owner: string, leaseMs: number) => ({
  ...{ regions, owner, leaseMs },
  except: [],
  now: new Date(),
})

describe('the database going away', () => {
  it('during a step is no failure of the step: it runs again', async () => {
    const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    let tries = 0
    const kinds = kindOf([
      step('one', async () => {
        tries += 1
        if (tries === 1) throw away
        return undefined
      }),
    ])
    const id = await begin()
    const runner = world.startRunner(kinds)
    await vi.waitFor(() => expect(tries).toBe(1))
    await runner.close()
    expect(await found(id)).toMatchObject({ state: 'running', error: null })
    await dropLeases(world.db, [testRegion])
    world.startRunner(kinds)
    await world.settle()
    expect(await found(id)).toMatchObject({ state: 'done' })
  })
})

describe('closing', () => {
  it('leaves what is under way to the next runner, which goes on at once', async () => {
    const begun = Promise.withResolvers<void>()
    const attempts: number[] = []
    const kinds = kindOf([
      step('one'),
      step('two', async ({ order }) => {
        attempts.push(order.fence)
        if (attempts.length > 1) return undefined
        begun.resolve()
        return new Promise((_, reject) => {
          order.signal?.addEventListener('abort', () => reject(order.signal?.reason))
        })
      }),
    ])
    world.startRunner(kinds)
    const id = await begin()
    await begun.promise
    await world.stopRunners()
    expect(await found(id)).toMatchObject({ state: 'running', lease_owner: null })
    world.startRunner(kinds)
    await world.settle()
    expect(await found(id)).toMatchObject({ state: 'done' })
    expect(attempts).toHaveLength(2)
    expect(attempts[1]).toBeGreaterThan(attempts[0] ?? 0)
  })
})

describe('waiting', () => {
  it('ends with the operation', async () => {
    const id = await begin()
    const waiting = world.services.operations.wait(id, 10_000)
    world.startRunner(kindOf([step('one')]))
    expect(await waiting).toMatchObject({ state: 'done' })
  })

  it('ends when it has taken too long', async () => {
    expect(await world.services.operations.wait(await begin(), 1)).toBeNull()
  })
})

describe('what is to begin at once', () => {
  const beginAtOnce = (resource = newUuid()) =>
    world.change((tx) => beginIn(tx, resource, { atOnce: true }))

  it('is leased with its first step as it is written, and done without being looked for', async () => {
    const runner = world.startRunner(kindOf([step('one'), step('two')]))
    const resource = newUuid()
    const id = await world.change(async (tx) => {
      const begun = await beginIn(tx, resource, { atOnce: true })
      const row = await tx
        .selectFrom('operations')
        .select(['state', 'step', 'lease_owner'])
        .where('id', '=', begun)
        .executeTakeFirstOrThrow()
      expect(row).toEqual({ state: 'running', step: 'one', lease_owner: runner.owner })
      return begun
    })
    await world.settle()
    expect(await found(id)).toMatchObject({ state: 'done', fence: expect.any(Number) })
    const steps = await world.services.operations.stepsOf(world.db, id)
    expect(steps.map(({ name, attempts }) => [name, attempts])).toEqual([
      ['one', 1],
      ['two', 1],
    ])
  })

  it('never begins where the transaction does not commit', async () => {
    const done = vi.fn(async () => undefined)
    world.startRunner(kindOf([step('one', done)]))
    const refused = world.change(async (tx) => {
      await beginIn(tx, newUuid(), { atOnce: true })
      throw new Error('no')
    })
    await expect(refused).rejects.toThrow('no')
    await beginAtOnce()
    await world.settle()
    expect(done).toHaveBeenCalledTimes(1)
  })

  it('is done by the next runner when this process dies as it commits', async () => {
    const taken = vi.fn()
    world.services.operations.handTo(() => [
      { owner: 'dead', leaseMs: 10_000, firstStep: () => 'one', take: taken },
    ])
    const id = await beginAtOnce()
    expect(taken).toHaveBeenCalledOnce()
    await dropLeases(world.db, [testRegion])
    world.startRunner(kindOf([step('one')]))
    await world.settle()
    expect(await found(id)).toMatchObject({ state: 'done' })
    const [one] = await world.services.operations.stepsOf(world.db, id)
    expect(one?.attempts).toBe(2)
  })

  it('waits as ever behind what is in its way', async () => {
    const resource = newUuid()
    await begin(resource)
    const id = await world.change((tx) => beginIn(tx, resource, { atOnce: true, whenBusy: 'wait' }))
    expect(await found(id)).toMatchObject({ state: 'pending', lease_owner: null })
    world.startRunner(kindOf([step('one')]))
    await world.settle()
    expect(await found(id)).toMatchObject({ state: 'done' })
  })

  it('is given back by a runner that closes meanwhile', async () => {
    const runner = world.startRunner(kindOf([step('one')]))
    const id = await world.change(async (tx) => {
      const begun = await beginIn(tx, newUuid(), { atOnce: true })
      await runner.close()
      return begun
    })
    await vi.waitFor(async () => expect(await found(id)).toMatchObject({ lease_owner: null }))
    await world.stopRunners()
    world.startRunner(kindOf([step('one')]))
    await world.settle()
    expect(await found(id)).toMatchObject({ state: 'done' })
  })
})
