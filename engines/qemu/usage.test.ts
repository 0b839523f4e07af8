import { describe, expect, test } from 'vitest'
import { EngineError } from '../engine.ts'
import { memoryOf, readUsage, ticksOf, trafficOf } from './usage.ts'

test('cannot be measured, and says so, of a process that has just ended', async () => {
  const gone = { pid: 2 ** 22 + 1, startTime: '1' }
  const answers: Record<string, unknown> = {
    'query-cpus-fast': [{ 'thread-id': gone.pid }],
    'query-blockstats': [],
  }
  await expect(readUsage(async (command) => answers[command], gone, null)).rejects.toThrow(
    EngineError,
  )
})

test('adds user and system time, whatever a thread is called', () => {
  const stat = '4711 (CPU 0) R (x) S 1 4711 4711 0 -1 4194304 100 0 0 0 1234 66 0 0 20 0 5 0 99 0'
  expect(ticksOf(stat)).toBe(1_300)
})

describe('memory', () => {
  const answer = (stats: Record<string, number>, updated = 1_000) => ({
    stats,
    'last-update': updated,
  })
  const unknown = { memoryUsedBytes: null, memoryTotalBytes: null }
  const told = { 'stat-total-memory': 1_000, 'stat-available-memory': 400 }

  test('in use is what is not available', () => {
    expect(memoryOf(answer(told), 1_010)).toEqual({ memoryUsedBytes: 600, memoryTotalBytes: 1_000 })
  })

  test.each([
    ['never told', answer(told, 0)],
    ['not told for long', answer(told, 880)],
    // 2^64 - 1, which has no exact number here.
    ['of a guest that cannot tell', answer({ ...told, 'stat-available-memory': 2 ** 64 })],
    ['half told', answer({ 'stat-total-memory': 1_000 })],
  ])('is unknown when %s', (_, said) => {
    expect(memoryOf(said, 1_010)).toEqual(unknown)
  })
})

describe('traffic', () => {
  const devices = `
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop
    lo:       5       1    0    0    0     0          0         0        5       1    0    0
  tap7:     100       2    0    0    0     0          0         0      300       4    0    0
 tap70:    9999       2    0    0    0     0          0         0     9999       4    0    0
`
  test('is told from the machine’s side', () => {
    expect(trafficOf(devices, 'tap7')).toEqual({
      networkReceivedBytes: 300,
      networkSentBytes: 100,
    })
  })

  test('is unknown without the tap', () => {
    expect(trafficOf(devices, 'tap1')).toEqual({
      networkReceivedBytes: null,
      networkSentBytes: null,
    })
  })
})
