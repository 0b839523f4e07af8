/** With a program of three lines in place of the one that reads memory; the rest is done. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { playMicrovm } from '../testing/played-microvm.ts'
import { type Frame, frame } from './agent/frames.ts'
import { capture } from './capture.ts'

const isRoot = process.getuid?.() === 0
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function machine(answer?: (asked: Frame, socket: Socket) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'garrison-capture-'))
  const played = await playMicrovm(answer === undefined ? {} : { answer })
  cleanUps.push(
    () => rm(folder, { recursive: true }),
    () => played[Symbol.asyncDispose](),
  )
  const [tool, from, stateOut] = ['tool', 'from', 'out'].map((name) => join(folder, name)) as [
    ...[string, string, string],
  ]
  await writeFile(tool, '#!/bin/sh\necho ready; read go; echo taken; echo 0\n', { mode: 0o755 })
  await writeFile(from, 'memory')
  await writeFile(stateOut, 'devices')
  const files = { tool, from, stateOut, ram: join(folder, 'ram'), state: join(folder, 'state') }
  const told = () => played.qmp.requests.map(({ execute }) => execute)
  return { ...played, told, files: { ...files, gid: null } }
}

/** As long as it takes to connect to a machine and to greet it. */
async function aWhile() {
  const other = await playMicrovm()
  await other[Symbol.asyncDispose]()
}

test.runIf(isRoot)(
  'a guest that hangs is captured all the same, when it was given nothing to leave out',
  async () => {
    const { live, agent, files, told } = await machine()
    await live.guest()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const capturing = capture(live, files, async () => {}, { goesOn: true, keep: null })
    await vi.waitFor(() => expect(agent.seen).toContain('P'))
    vi.advanceTimersByTime(2_000)
    await capturing
    expect(await readFile(files.ram, 'utf8')).toBe('memory')
    expect(told().slice(-3)).toEqual(['stop', 'xen-save-devices-state', 'cont'])
  },
)

test('a guest that lost its line after it let go is not captured, and goes on', async () => {
  const { live, files, told } = await machine(({ type, channel, payload }, socket) => {
    const given = [frame('F', 0, Buffer.from('A=1\0')), frame('F', 0)]
    if (type === 'F') socket.write(Buffer.concat(given))
    if (type === 'L') socket.write(frame('L', 0))
    // More than it may say: what follows the answer is no frame.
    if (type === 'P')
      socket.write(Buffer.concat([frame('P', channel, payload), Buffer.alloc(99, 255)]))
  })
  const keep = async () => {}
  const capturing = capture(live, files, async () => {}, { goesOn: true, keep })
  await expect(capturing).rejects.toThrow('The line to the machine was lost')
  expect(told().slice(-2)).toEqual(['stop', 'cont'])
})

test.runIf(isRoot).each([
  ['is silent', () => {}],
  ['hangs up', (_: Frame, socket: Socket) => void socket.destroy()],
])(
  'a guest that %s is suspended with what it was given inside, but no snapshot is taken of it',
  async (_, answer) => {
    const { live, files, told } = await machine(answer)
    await live.guest()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const ended = async (goesOn: boolean) => {
      const keep = async () => {}
      let isOver = false
      const captured = capture(live, files, async () => {}, { goesOn, keep }).then(
        ({ holdsEnv }) => ({ holdsEnv }),
        (error: Error) => error.message,
      )
      void captured.then(() => {
        isOver = true
      })
      await vi.waitFor(async () => {
        await vi.advanceTimersByTimeAsync(5_000)
        expect(isOver).toBe(true)
      }, 10_000)
      return captured
    }
    expect(await ended(true)).toMatch(/does not answer|line to the machine/)
    expect(told()).not.toContain('xen-save-devices-state')
    expect(await ended(false)).toEqual({ holdsEnv: true })
    expect(await readFile(files.ram, 'utf8')).toBe('memory')
    expect(told().slice(-2)).toEqual(['stop', 'xen-save-devices-state'])
  },
)

test('a capture that fails has nothing going on behind it', async () => {
  const { live, files } = await machine(({ type, channel, payload }, socket) => {
    if (type === 'P') socket.write(frame('P', channel, payload))
  })
  live.saveState = () => Promise.reject(new Error('no room for the state'))
  const begun = Promise.withResolvers<void>()
  const slow = Promise.withResolvers<void>()
  const order: string[] = []
  const still = async () => {
    begun.resolve()
    await slow.promise
    order.push('still')
  }
  const capturing = capture(live, files, still, { goesOn: true, keep: null }).catch(
    (error: Error) => order.push(error.message),
  )
  await begun.promise
  await aWhile()
  slow.resolve()
  await capturing
  expect(order).toEqual(['still', 'no room for the state'])
})

test('nobody makes a line to a guest while it is captured, and whoever wants one has it afterwards', async () => {
  const { live, agent, files } = await machine(({ type }, socket) => {
    if (type === 'P') socket.destroy()
  })
  const begun = Promise.withResolvers<void>()
  const slow = Promise.withResolvers<void>()
  live.saveState = () => {
    begun.resolve()
    return slow.promise.then(() => Promise.reject(new Error('that is all')))
  }
  const capturing = capture(live, files, async () => {}, { goesOn: true, keep: null })
  const ended = expect(capturing).rejects.toThrow('that is all')
  await begun.promise
  const lines = agent.sockets.length
  const asking = live.guest()
  await aWhile()
  expect(agent.sockets).toHaveLength(lines)
  slow.resolve()
  await ended
  expect((await asking).line.isOpen).toBe(true)
})
