import { environmentManager, QueryObserver } from '@tanstack/react-query'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { listen, pollWhenBroken } from './live.ts'
import { queryClient } from './queries.ts'

class Stream extends EventTarget {
  static readonly CLOSED = 2
  static last: Stream
  readyState = 1
  constructor() {
    super()
    Stream.last = this
  }
  close() {
    this.readyState = Stream.CLOSED
  }
}

const asked = vi.fn(async () => 'answer')
let end: () => void

beforeEach(() => {
  vi.useFakeTimers()
  // Elsewhere the library of queries keeps no intervals.
  environmentManager.setIsServer(() => false)
  vi.stubGlobal('window', globalThis)
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('EventSource', Stream)
  vi.stubGlobal('navigator', {})
  vi.stubGlobal('removeEventListener', () => {})
  const observer = new QueryObserver(queryClient, {
    queryKey: ['/api/volumes/', {}],
    queryFn: asked,
    refetchInterval: pollWhenBroken,
  })
  const leave = observer.subscribe(() => {})
  const stop = listen(['volume.available'], 0)
  end = () => {
    stop()
    leave()
  }
})
afterEach(() => {
  end()
  environmentManager.setIsServer(() => true)
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** As on plain HTTP, where tabs cannot agree on one of them. */
it('asks every few seconds once the stream breaks, and no more when it is mended', async () => {
  Stream.last.dispatchEvent(new Event('open'))
  // What was asked for before still has the interval of then.
  await vi.advanceTimersByTimeAsync(6_000)
  asked.mockClear()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(asked).not.toHaveBeenCalled()

  Stream.last.dispatchEvent(new Event('error'))
  await vi.advanceTimersByTimeAsync(11_000)
  expect(asked.mock.calls.length).toBeGreaterThanOrEqual(3)

  Stream.last.dispatchEvent(new Event('open'))
  await vi.advanceTimersByTimeAsync(100)
  asked.mockClear()
  await vi.advanceTimersByTimeAsync(20_000)
  expect(asked).not.toHaveBeenCalled()
})
