/** What the host writes to an agent by itself, and how much of it; agents are played here, and most of them badly. */
import type { Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { serveAgent } from '../../testing/agent-server.ts'
import { type Frame, frame, WINDOW_BYTES } from './frames.ts'
import { AgentLine } from './line.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A line to an agent that greets as it should, and does `answer` with everything else. */
async function lineTo(answer: (asked: Frame, socket: Socket) => void, version = '2') {
  const server = await serveAgent({ answer, version })
  const line = await AgentLine.connect(server.path)
  cleanUps.push(
    () => server.close(),
    () => line.close(),
  )
  await line.greet(5_000)
  return line
}

const told = Buffer.concat([
  ...[frame('F', 0, Buffer.from('A=1\0B=')), frame('F', 0, Buffer.from('2\0')), frame('F', 0)],
])

test('what a machine was given is kept by the host before it lets go of it, and given back', async () => {
  const seen: string[] = []
  const back = Promise.withResolvers<string>()
  const line = await lineTo(({ type, channel, payload }, socket) => {
    if (seen.at(-1) !== type) seen.push(type)
    if (type === 'F') socket.write(told)
    if (type === 'L') socket.write(frame('L', 0))
    if (type === 'P') socket.write(frame('P', channel, payload))
    if (type === 'B') back.resolve(payload.toString())
  })
  const letGo = await line.holdWithoutSecrets(60_000, async (given) => {
    await line.ping(60_000)
    seen.push(`kept ${given}`)
  })
  expect(seen).toEqual(['F', 'P', 'kept A=1\0B=2\0', 'L', 'N', 'P'])
  letGo()
  expect(await back.promise).toBe('A=1\0B=2\0')
})

test('a machine lets go of nothing that the host cannot keep', async () => {
  const seen: string[] = []
  const line = await lineTo(({ type, channel, payload }, socket) => {
    seen.push(type)
    if (type === 'F') socket.write(told)
    if (type === 'P') socket.write(frame('P', channel, payload))
  })
  const keep = () => Promise.reject(new Error('no room'))
  await expect(line.holdWithoutSecrets(60_000, keep)).rejects.toThrow('no room')
  await line.ping(60_000)
  expect(seen).not.toContain('L')
})

test('a machine of an earlier agent, which lets go before it is told to, is not waited for', async () => {
  const seen: string[] = []
  const line = await lineTo(({ type, channel, payload }, socket) => {
    seen.push(type)
    if (type === 'F') socket.write(told)
    if (type === 'P') socket.write(frame('P', channel, payload))
  }, '1')
  let kept = ''
  await line.holdWithoutSecrets(60_000, async (given) => {
    kept = given.toString()
  })
  expect(kept).toBe('A=1\0B=2\0')
  expect(seen).not.toContain('L')
})

test('what a machine of an earlier agent hands over too late is given back at once', async () => {
  const back = Promise.withResolvers<string>()
  const asked = Promise.withResolvers<Socket>()
  const line = await lineTo(({ type, payload }, socket) => {
    if (type === 'F') asked.resolve(socket)
    if (type === 'B') back.resolve(payload.toString())
  }, '1')
  const late = line.holdWithoutSecrets(20, async () => {})
  await expect(late).rejects.toMatchObject({ reason: 'silent' })
  const socket = await asked.promise
  socket.write(Buffer.concat([frame('F', 0, Buffer.from('A=1\0')), frame('F', 0)]))
  expect(await back.promise).toBe('A=1\0')
})

test('what a guest has back is not sent again on the same line, which would undo what its code made of it', async () => {
  const seen: string[] = []
  const line = await lineTo(({ type, channel, payload }, socket) => {
    if (type === 'F') socket.write(told)
    if (type === 'L') socket.write(frame('L', 0))
    if (type === 'P') socket.write(frame('P', channel, payload))
    if (type === 'B') seen.push(payload.toString())
  })
  const given = Buffer.from('A=1\0B=2\0')
  // It may have let go of it before this line was made.
  for (let times = 0; times < 2; times++) line.giveBack(given)
  await line.ping(60_000)
  expect(seen).toHaveLength(1)
  const letGo = await line.holdWithoutSecrets(60_000, async () => {})
  letGo()
  line.giveBack(given)
  await line.ping(60_000)
  expect(seen).toHaveLength(2)
})

/** Sends `round` as fast as it is taken, at most so often, and reads nothing itself. */
async function flood(line: AgentLine, socket: Socket, round: Buffer, times: number) {
  socket.pause()
  for (let sent = 0; sent < times && line.isOpen; sent++) {
    if (socket.write(round)) continue
    await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), line.closed])
  }
}

const printed = frame('D', 1, Buffer.from('\x01x'))
const allOfIt = Buffer.concat([
  ...Array.from({ length: 36 }, () => frame('F', 0, Buffer.alloc(32 * 1024, 'x'))),
  frame('F', 0),
])

test('a guest that tells what it was given without being asked loses its line', async () => {
  const opened = Promise.withResolvers<Socket>()
  const line = await lineTo(({ type }, socket) => {
    if (type === 'O') opened.resolve(socket)
  }, '1')
  const { ended } = line.open(['connect', '80'], {})
  await flood(line, await opened.promise, Buffer.concat([allOfIt, printed]), 20)
  await expect(ended).rejects.toThrow('what nobody asked for')
})

test.each([
  ['tells twice', Buffer.concat([told, told])],
  ['tells in pieces of a byte', Buffer.alloc(10 * 1_000, frame('F', 0, Buffer.from('x')))],
])('a guest that was asked once what it was given and %s loses its line', async (_, answer) => {
  const line = await lineTo(({ type }, socket) => {
    if (type === 'F') socket.write(answer)
  })
  const holding = line.holdWithoutSecrets(20, async () => {})
  await expect(holding).rejects.toMatchObject({ reason: 'silent' })
  await line.closed
})

test('a guest says once what version it has', async () => {
  const line = await lineTo(({ type }, socket) => {
    if (type === 'P') socket.write(frame('R', 0, Buffer.from('1\0')))
  })
  await expect(line.ping(60_000)).rejects.toThrow('greeted twice')
  await line.closed
})

test('a guest that sends and does not read loses its line before much waits for it', async () => {
  const opened = Promise.withResolvers<Socket>()
  const line = await lineTo(({ type }, socket) => {
    if (type === 'O') opened.resolve(socket)
  })
  const channel = line.open(['connect', '80'], { onData: () => channel.taken(WINDOW_BYTES) })
  const round = Buffer.concat(Array.from({ length: 1_000 }, () => printed))
  await flood(line, await opened.promise, round, 10_000)
  expect(line.isOpen).toBe(false)
  await expect(channel.ended).rejects.toThrow('does not read')
})

test('what waits while a machine is copied is bounded as well', async () => {
  const opened = Promise.withResolvers<Socket>()
  const line = await lineTo(({ type, channel, payload }, socket) => {
    if (type === 'O') opened.resolve(socket)
    if (type === 'P') socket.write(frame('P', channel, payload))
  })
  const channel = line.open(['connect', '80'], { onData: () => channel.taken(WINDOW_BYTES) })
  await line.hold(60_000)
  const round = Buffer.concat(Array.from({ length: 1_000 }, () => printed))
  await flood(line, await opened.promise, round, 10_000)
  await expect(channel.ended).rejects.toThrow('does not read')
})
