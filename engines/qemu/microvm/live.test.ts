import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { type PlayedMicrovm, playMicrovm } from '../testing/played-microvm.ts'
import { type Frame, frame } from './agent/frames.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A machine whose line was lost once. */
async function machine(options: Parameters<typeof playMicrovm>[0] = {}): Promise<PlayedMicrovm> {
  const played = await playMicrovm(options)
  cleanUps.push(() => played[Symbol.asyncDispose]())
  played.live.line.close()
  return played
}

test('two that ask for a lost line at once share the new one', async () => {
  const { live, agent } = await machine()
  const [one, other] = await Promise.all([live.guest(), live.guest()])
  expect(other).toBe(one)
  expect(agent.sockets).toHaveLength(2)
})

test('a line on which nobody answers is not kept from the next one', async () => {
  const { live, agent } = await machine({ version: null })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  cleanUps.push(() => vi.useRealTimers())
  const asking = expect(live.guest()).rejects.toThrow('does not answer')
  await vi.waitFor(() => expect(agent.seen).toEqual(['H']))
  const closed = once(agent.sockets.at(-1) as Socket, 'close')
  vi.advanceTimersByTime(5_000)
  await asking
  await closed
})

test('a guest has back what it is owed once on each line', async () => {
  const back: string[] = []
  const answer = ({ type, channel, payload }: Frame, socket: Socket) => {
    if (type === 'B') back.push(payload.toString())
    if (type === 'P') socket.write(frame('P', channel, payload))
  }
  const { live } = await machine({ answer })
  const owed = Buffer.from('A=1\0')
  live.owed = () => owed
  await live.guest()
  await live.giveBack(owed, 5_000)
  await live.giveBack(owed, 5_000)
  expect(back).toEqual(['A=1\0'])
  live.line.close()
  await live.giveBack(owed, 5_000)
  expect(back).toEqual(['A=1\0', 'A=1\0'])
})

test('a guest that is without its environment has it back before anybody asks it on a new line', async () => {
  const asked: [string, string][] = []
  const answer = ({ type, channel, payload }: Frame, socket: Socket) => {
    asked.push([type, payload.toString()])
    if (type === 'O') socket.write(frame('X', channel, Buffer.from('exit\x000\x000\x000\x000\0')))
  }
  const { live } = await machine({ answer })
  live.owed = () => Buffer.from('A=1\0')
  const run = { language: 'bash', code: 'true', timeoutMs: 1_000 } as const
  const guest = await live.guest()
  await guest.execute(run)
  expect(asked.map(([type]) => type)).toEqual(['B', 'T', 'O'])
  expect(asked[0]).toEqual(['B', 'A=1\0'])
})
