import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { NO_EGRESS } from '../../engine.ts'
import { Pool } from './pool.ts'

const MINUTE_MS = 60_000

/** Makes one for each snapshot; `bad` can be neither made nor ended. */
function poolOf() {
  const ended: string[] = []
  const errors: unknown[] = []
  const pool = new Pool<string>({
    ...{ each: 1, all: 4 },
    make: async (snapshot) => {
      if (snapshot === 'bad') throw new Error('there is no memory left')
      return snapshot
    },
    end: async (item) => {
      ended.push(item)
    },
    onError: (error) => errors.push(error),
  })
  return { pool, ended, errors }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

it('fills for other snapshots when it cannot for one, and tells of it', async () => {
  const { pool, errors } = poolOf()
  pool.take('good', NO_EGRESS)
  await vi.advanceTimersByTimeAsync(1)
  pool.take('bad', NO_EGRESS)
  await pool.filled()
  expect(pool.waiting).toBe(1)
  expect(errors).toHaveLength(1)
})

it('ends what nobody has wanted for long, also while it cannot fill for another', async () => {
  const { pool, ended } = poolOf()
  pool.take('good', NO_EGRESS)
  await pool.filled()
  await vi.advanceTimersByTimeAsync(9 * MINUTE_MS)
  pool.take('bad', NO_EGRESS)
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS)
  expect(ended).toEqual(['good'])
})

it('tries again for one that it could not fill for', async () => {
  const { pool, errors } = poolOf()
  pool.take('bad', NO_EGRESS)
  await vi.advanceTimersByTimeAsync(MINUTE_MS)
  expect(errors.length).toBeGreaterThan(1)
})

it('ends all that wait for a snapshot that is to be gone, also when one cannot be ended', async () => {
  const ended: number[] = []
  let made = 0
  const pool = new Pool<number>({
    ...{ each: 2, all: 4 },
    make: async () => ++made,
    end: async (item) => {
      if (item === 1) throw new Error('it does not end')
      ended.push(item)
    },
    onError: () => {},
  })
  pool.take('good', NO_EGRESS)
  await pool.filled()
  await expect(pool.drain('good')).rejects.toThrow('it does not end')
  expect(ended).toEqual([2])
})
