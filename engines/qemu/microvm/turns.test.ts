import { expect, test } from 'vitest'
import { Turns } from './turns.ts'

test('never more than so many work, all get done in order, and one that fails gives its place on', async () => {
  const turns = new Turns(2)
  const begun: number[] = []
  let running = 0
  let most = 0
  const work = (number: number) =>
    turns.run(async () => {
      begun.push(number)
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      if (number === 1) throw new Error('failed')
    })
  const ended = await Promise.allSettled([0, 1, 2, 3, 4].map(work))
  expect(begun).toEqual([0, 1, 2, 3, 4])
  expect(most).toBe(2)
  expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(1)
  await turns.run(async () => {})
})
