/** What a terminal does with viewers that are slow, away, or type more than is taken. */
import { EventEmitter } from 'node:events'
import { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { patienceMs, Terminal } from './terminal.ts'

class Viewer extends EventEmitter {
  shown: Buffer[] = []
  told: string[] = []
  closedWith: number | null = null
  bufferedAmount = 0
  paused = false
  /** One that reads nothing. */
  stuck = false
  send(data: Buffer | string) {
    if (typeof data === 'string') this.told.push(data)
    else this.shown.push(data)
    if (this.stuck) this.bufferedAmount += data.length
  }
  close(code: number) {
    this.closedWith ??= code
    this.emit('close')
  }
  pause() {
    this.paused = true
  }
  resume() {
    this.paused = false
  }
}

function terminal() {
  const exited = Promise.withResolvers<number | null>()
  const typed: Buffer[] = []
  const taken: (() => void)[] = []
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      typed.push(chunk)
      taken.push(done)
    },
  })
  const made = new Terminal(
    { stream, exited: exited.promise, resize() {} },
    { columns: 80, rows: 24 },
  )
  const attach = (viewer = new Viewer(), gone = () => {}) => {
    made.attach(viewer as unknown as Parameters<Terminal['attach']>[0], gone)
    return viewer
  }
  return { stream, exited, typed, taken, terminal: made, attach }
}

const mib = Buffer.alloc(1024 * 1024, 'x')

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())
const turn = () => vi.advanceTimersByTimeAsync(0)

describe('a viewer that does not read', () => {
  it('makes the program wait, is let go after a while, and the others go on', async () => {
    const { stream, attach } = terminal()
    const [stuck, other] = [attach(), attach()]
    stuck.stuck = true
    stream.push(mib)
    await turn()
    expect(stream.isPaused()).toBe(true)
    await vi.advanceTimersByTimeAsync(patienceMs - 200)
    expect(stuck.closedWith).toBeNull()
    await vi.advanceTimersByTimeAsync(400)
    expect(stuck.closedWith).toBe(4001)
    expect(stream.isPaused()).toBe(false)
    stream.push('after')
    await turn()
    expect(String(other.shown.at(-1))).toBe('after')
    expect(other.closedWith).toBeNull()
  })

  it('but does so in time is kept', async () => {
    const { stream, attach } = terminal()
    const slow = attach()
    slow.stuck = true
    stream.push(mib)
    await turn()
    slow.stuck = false
    slow.bufferedAmount = 0
    await vi.advanceTimersByTimeAsync(200)
    expect(stream.isPaused()).toBe(false)
    await vi.advanceTimersByTimeAsync(2 * patienceMs)
    expect(slow.closedWith).toBeNull()
  })

  it('and leaves holds up nobody', async () => {
    const { stream, attach } = terminal()
    const stuck = attach()
    stuck.stuck = true
    stream.push(mib)
    await turn()
    stuck.emit('close')
    expect(stream.isPaused()).toBe(false)
  })
})

it('a viewer that asks for nonsense and reads no answer fills no memory', () => {
  const { attach } = terminal()
  const viewer = attach()
  viewer.stuck = true
  for (let n = 0; n < 50_000; n++) viewer.emit('message', Buffer.from('?'), false)
  expect(viewer.bufferedAmount).toBeLessThan(512 * 1024)
})

it('keeps the last 64 KiB for whoever comes later, to the byte', async () => {
  const { stream, attach } = terminal()
  stream.push(Buffer.alloc(70_000, 'a'))
  stream.push(Buffer.alloc(30_000, 'b'))
  stream.push('end')
  await turn()
  const shown = Buffer.concat(attach().shown).toString()
  expect(shown).toHaveLength(64 * 1024)
  expect(shown).toBe(`${'a'.repeat(64 * 1024 - 30_003)}${'b'.repeat(30_000)}end`)
})

it('what is typed faster than it is taken waits where it is typed', async () => {
  const { attach, typed, taken } = terminal()
  const viewer = attach()
  viewer.emit('message', Buffer.alloc(64 * 1024), true)
  expect(viewer.paused).toBe(true)
  taken.shift()?.()
  await turn()
  expect(viewer.paused).toBe(false)
  expect(typed).toHaveLength(1)
})

it('all of the output comes before the exit code', async () => {
  const { stream, exited, terminal: made, attach } = terminal()
  const viewer = attach()
  exited.resolve(3)
  await turn()
  expect(viewer.told).toEqual([])
  stream.push('last words')
  stream.push(null)
  await turn()
  expect(await made.ended).toEqual({ status: 'exited', exitCode: 3 })
  expect(String(viewer.shown.at(-1))).toBe('last words')
  expect(viewer.told).toEqual(['{"type":"exit","exit_code":3}'])
})
