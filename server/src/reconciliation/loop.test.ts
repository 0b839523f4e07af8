import { afterEach, expect, it, vi } from 'vitest'
import { createWorld, testRegion, type World } from '../testing/world.ts'
import { startReconciliation } from './loop.ts'

/** Long before the next look that nobody hinted at. */
const soon = (expectation: () => unknown) => vi.waitFor(expectation, { timeout: 8_000 })

let world: World
let loop: ReturnType<typeof startReconciliation>
afterEach(async () => {
  await loop.close()
  await world.close()
})

it('hears of a death at once, and of a guest that is up', async () => {
  world = await createWorld()
  const me = await world.account()
  loop = startReconciliation(world)
  const instance = await world.runningInstance(me)
  await soon(async () => expect((await world.instance(me, instance)).ready_at).toBeInstanceOf(Date))
  await world.engine.kill(instance.id)
  await soon(async () => {
    expect(await world.engine.observe(instance.id)).toMatchObject({ status: 'running' })
    expect(await world.instance(me, instance)).toMatchObject({ status: 'ACTIVE' })
  })
})

it('looks at the start, one look at a time, and once more for a hint during one', async () => {
  world = await createWorld()
  let looks = 0
  let gate = Promise.withResolvers<void>()
  const hints: (() => void)[] = []
  const engine = {
    ...world.engine,
    onEvent(listener: (event: { kind: 'machine-changed'; machine: string }) => void) {
      hints.push(() => listener({ kind: 'machine-changed', machine: 'any' }))
      return () => hints.splice(0)
    },
  }
  loop = startReconciliation({
    log: world.log,
    engines: new Map([[testRegion, engine as unknown as World['engine']]]),
    reconciler: {
      async reconcile() {
        looks += 1
        await gate.promise
      },
      async markReady() {},
    },
  })
  expect(looks).toBe(1)
  for (let hint = 0; hint < 3; hint++) hints[0]?.()
  expect(looks).toBe(1)
  const first = gate
  gate = Promise.withResolvers()
  first.resolve()
  await soon(() => expect(looks).toBe(2))
  gate.resolve()
})
