import { expect, it } from 'vitest'
import { ManualClock } from './clock.testing.ts'
import { type Clock, systemClock } from './clock.ts'

const clocks: [string, Clock][] = [
  ['system', systemClock],
  ['manual', new ManualClock()],
]

it.each(clocks)('rejects an interrupted sleep with the reason: %s clock', async (_, clock) => {
  const reason = new Error('enough')
  const interruption = new AbortController()
  const sleeping = clock.sleep(3_600_000, interruption.signal)
  interruption.abort(reason)
  await expect(sleeping).rejects.toBe(reason)
})

it.each(clocks)(
  'does not begin a sleep that is interrupted already: %s clock',
  async (_, clock) => {
    const reason = new Error('enough')
    await expect((async () => clock.sleep(1, AbortSignal.abort(reason)))()).rejects.toBe(reason)
  },
)

it('sleeps on the system clock until the time has passed', async () => {
  const before = systemClock.now().getTime()
  await systemClock.sleep(5)
  expect(systemClock.now().getTime() - before).toBeGreaterThanOrEqual(4)
})

it('sleeps on the manual clock until a test moves it', async () => {
  const clock = new ManualClock()
  const before = clock.now().getTime()
  const sleeping = clock.sleep(60_000).then(() => clock.now().getTime() - before)
  await clock.advance(90_000)
  expect(await sleeping).toBe(60_000)
  expect(clock.now().getTime() - before).toBe(90_000)
})
