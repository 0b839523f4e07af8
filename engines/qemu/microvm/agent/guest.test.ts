/** Against agents that are played here, and most of them badly: the guest is a stranger. */
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { OUTPUT_BYTES } from '../../../engine.ts'
import { serveAgent } from '../../testing/agent-server.ts'
import { wakeUp } from '../wake.ts'
import { type Frame, FrameReader, frame, NONCE_BYTES, WINDOW_BYTES } from './frames.ts'
import { MicrovmGuest } from './guest.ts'
import { AgentLine } from './line.ts'

const MAGIC = '\0garrison-line1\0'
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A line to an agent that greets as it should, and does `answer` with everything else. */
async function agent(answer: (asked: Frame, socket: Socket) => void, version = '2') {
  const server = await serveAgent({ answer, version })
  const line = await AgentLine.connect(server.path)
  cleanUps.push(
    () => server.close(),
    () => line.close(),
  )
  await line.greet(5_000)
  return { guest: new MicrovmGuest(line), line }
}

const accept = frame('W', 0, Buffer.from('ok\0'))
const exit = (channel: number, code = 0) =>
  frame('X', channel, Buffer.from(`exit\0${code}\x001500\x000\x000\0`))
const data = (channel: number, content: string | Buffer, stream = 1) =>
  frame('D', channel, Buffer.concat([Buffer.from([stream]), Buffer.from(content)]))
const code = { language: 'bash', code: 'true', timeoutMs: 1_000 } as const

test('a machine that was greeted becomes another one without being greeted again', async () => {
  const asked: string[] = []
  const { guest, line } = await agent(({ type, channel, payload }, socket) => {
    if (type === 'W') asked.push(payload.toString())
    socket.write(type === 'W' ? accept : exit(channel))
  })
  await line.wake(['first'], 1_000)
  await guest.execute(code)
  await line.wake(['second'], 1_000)
  expect(asked).toEqual(['first\0', 'second\0'])
})

test('environment comes where agents in older snapshots look for it, behind no SSH keys', async () => {
  const asked: string[] = []
  const { line } = await agent(({ type, payload }, socket) => {
    if (type === 'W') asked.push(payload.toString())
    socket.write(accept)
  })
  await wakeUp({ line }, { hostname: 'one', env: { A: '1', B: '2' } }, 'abc', 1_000)
  await wakeUp({ line }, null, '', 1_000)
  const random = /^[0-9a-f]{128}$/
  const time = /^\d{16}$/
  const [first = [], again = []] = asked.map((payload) => payload.split('\0'))
  const matching = (...patterns: RegExp[]) => patterns.map((one) => expect.stringMatching(one))
  expect(first).toEqual(['one', 'abc', ...matching(random, time), '', 'A=1', 'B=2', ''])
  expect(again).toEqual(['', '', ...matching(random, time), '', ''])
})

test('code that is called off before its turn is never begun, so that what keeps its state is left alone', async () => {
  const asked: string[] = []
  const opened: number[] = []
  const { guest } = await agent(({ type, channel }, socket) => {
    asked.push(type)
    if (type === 'O') opened.push(channel)
    if (type === 'C') socket.write(exit(channel, 137))
  })
  const first = new AbortController()
  const second = new AbortController()
  const long = { ...code, timeoutMs: 60_000 }
  const running = guest.execute(long, first.signal)
  const waiting = guest.execute(long, second.signal)
  await vi.waitFor(() => expect(opened).toHaveLength(1))
  second.abort()
  const refused = expect(waiting).rejects.toMatchObject({ reason: 'busy' })
  first.abort()
  await running
  await refused
  expect(opened).toHaveLength(1)
  expect(asked.filter((type) => type === 'C')).toHaveLength(1)
})

test('what a run prints is told apart, with how it ended', async () => {
  const { guest } = await agent(({ type, channel }, socket) => {
    if (type !== 'O') return
    for (const piece of [data(channel, 'out'), data(channel, 'err', 2), exit(channel, 3)])
      socket.write(piece)
  })
  expect(await guest.execute(code)).toMatchObject({
    ...{ stdout: 'out', stderr: 'err', exitCode: 3, cpuSeconds: 0.0015, truncated: false },
  })
})

test('frames are found again behind whatever an earlier conversation left, in any pieces', () => {
  const left = fc.uint8Array({ maxLength: 200 })
  const cuts = fc.array(fc.nat(400), { maxLength: 10 })
  fc.assert(
    fc.property(left, cuts, (stale, where) => {
      const nonce = Buffer.alloc(NONCE_BYTES, 7)
      const mark = Buffer.concat([Buffer.from(MAGIC, 'latin1'), nonce])
      const all = Buffer.concat([stale, mark, data(5, 'hello'), exit(5)])
      const found: Frame[] = []
      const reader = new FrameReader(nonce, (received) => found.push(received))
      let at = 0
      for (const cut of [
        ...where.filter((cut) => cut < all.length).sort((a, b) => a - b),
        all.length,
      ]) {
        reader.push(all.subarray(at, cut))
        at = cut
      }
      expect(found.map(({ type }) => type)).toEqual(['D', 'X'])
    }),
  )
})

test('no bytes of a guest do more than end its line', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
      async (noise) => {
        const { guest, line } = await agent(({ type, channel }, socket) => {
          if (type !== 'O') return
          for (const bytes of noise) socket.write(bytes)
          for (const bytes of noise)
            socket.write(frame('DAEKXRWP'[bytes.length % 8] ?? 'D', channel, bytes))
          socket.end()
        })
        const ended = await guest.execute(code).then(
          ({ exitCode }) => exitCode >= 0 && exitCode < 256,
          (error: unknown) => error instanceof Error,
        )
        expect(ended).toBe(true)
        await line.closed
      },
    ),
    { numRuns: 60 },
  )
})

test('a guest that prints more than it may loses its line, and nothing is kept of it', async () => {
  const { guest, line } = await agent(({ type, channel }, socket) => {
    if (type !== 'O') return
    const piece = data(channel, Buffer.alloc(30_000, 'x'))
    for (let sent = 0; sent < 4 * OUTPUT_BYTES; sent += 30_000) socket.write(piece)
  })
  await expect(guest.execute(code)).rejects.toThrow('The machine sent more than it may')
  await line.closed
})

test('a file that nobody reads on fills a window and no more', async () => {
  const sent: number[] = []
  const { guest, line } = await agent(({ type, channel }, socket) => {
    if (type !== 'O' && type !== 'A') return
    if (type === 'A') return socket.write(exit(channel))
    for (let room = WINDOW_BYTES; room > 20_001; room -= 20_001) {
      socket.write(data(channel, Buffer.alloc(20_000, 'y')))
      sent.push(20_000)
    }
  })
  const file = await guest.readFile('/big')
  await line.ping(50).catch(() => {})
  expect(file.readableLength).toBeLessThanOrEqual(WINDOW_BYTES)
  const content = await text(file)
  expect(content.length).toBe(sent.reduce((total, bytes) => total + bytes, 0))
})

test('a guest that sends what nobody asked for loses its line', async () => {
  const { line } = await agent(({ type }, socket) => {
    if (type !== 'P') return
    for (let sent = 0; sent < 20; sent++)
      socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => frame('P', 0))))
  })
  await expect(line.ping(10_000)).rejects.toThrow('what nobody asked for')
  await line.closed
})

test('a guest that is silent is given up', async () => {
  const { guest } = await agent(() => {})
  const waiting = guest.line.ping(20)
  await expect(waiting).rejects.toThrow('does not answer')
})

test.each([
  ['a path that is not absolute', (guest: MicrovmGuest) => guest.readFile('etc/passwd')],
  ['a path with a NUL', (guest: MicrovmGuest) => guest.readFile('/a\0b')],
  ['code with a NUL', (guest: MicrovmGuest) => guest.execute({ ...code, code: 'a\0b' })],
  ['a name no shell sets', (guest: MicrovmGuest) => guest.execute({ ...code, env: { 'A;B': '' } })],
])('%s is refused before the guest hears of it', async (_, ask) => {
  const asked: string[] = []
  const { guest } = await agent(({ type }) => asked.push(type))
  await expect(ask(guest)).rejects.toThrow()
  expect(asked).toEqual([])
})

test('code that the guest does not end in time is called off, with what it printed', async () => {
  const asked: string[] = []
  const { guest } = await agent(({ type, channel }, socket) => {
    asked.push(type)
    if (type === 'O') socket.write(data(channel, 'so far'))
    if (type === 'C') socket.write(exit(channel, 137))
  })
  expect(await guest.execute({ ...code, timeoutMs: 50 })).toMatchObject({
    ...{ exitCode: 124, timedOut: true, stdout: 'so far' },
  })
  expect(asked).toEqual(['T', 'O', 'C'])
})

test('a guest that says nothing more is not waited for, and the language is free', async () => {
  const { guest } = await agent(({ type, channel, payload }, socket) => {
    if (type === 'O' && payload.includes('second')) socket.write(exit(channel))
  })
  expect(await guest.execute({ ...code, timeoutMs: 50 })).toMatchObject({
    ...{ exitCode: 124, timedOut: true },
  })
  expect(await guest.execute({ ...code, code: 'second' })).toMatchObject({ exitCode: 0 })
})

test('waiting for other code is a part of the time', async () => {
  const opened: Buffer[] = []
  const { guest } = await agent(({ type, channel, payload }, socket) => {
    if (type === 'O') opened.push(payload)
    if (type === 'C') socket.write(exit(channel, 137))
  })
  const stop = new AbortController()
  const first = guest.execute({ ...code, timeoutMs: 60_000 }, stop.signal)
  const second = guest.execute({ ...code, code: 'second', timeoutMs: 50 })
  await expect(second).rejects.toMatchObject({ reason: 'busy' })
  stop.abort()
  await first
  expect(opened).toHaveLength(1)
})

test('a file of which no more comes is given up, and the guest is told', async () => {
  const asked: string[] = []
  const { line } = await agent(({ type, channel }, socket) => {
    asked.push(type)
    if (type === 'O') socket.write(data(channel, 'begun'))
  })
  const reading = new MicrovmGuest(line, 30).readFile('/f').then(text)
  await expect(reading).rejects.toMatchObject({ reason: 'silent' })
  await line.ping(20).catch(() => {})
  expect(asked).toContain('C')
})

test('what a command prints is told whole, also a character that comes in two pieces', async () => {
  const { guest } = await agent(({ type, channel }, socket) => {
    if (type !== 'O') return
    const pieces = [data(channel, Buffer.from([0x63, 0xc3])), data(channel, '!', 2)]
    socket.write(Buffer.concat([...pieces, data(channel, Buffer.from([0xa9])), exit(channel)]))
  })
  let told = ''
  const onText = (text: string) => {
    told += text
  }
  await guest.command('true', { timeoutMs: 0, onText })
  expect(told).toBe('c!é')
})

test('a command that the guest does not end is given up once it is called off', async () => {
  const { guest } = await agent(() => {})
  const stop = new AbortController()
  const running = guest.command('true', { timeoutMs: 0, onText() {} }, stop.signal)
  stop.abort()
  expect(await running).toMatchObject({ exitCode: 137 })
})

test('a command that the guest does not end in time is given up', async () => {
  const { guest } = await agent(() => {})
  const ended = await guest.command('true', { timeoutMs: 20, onText() {} })
  expect(ended).toMatchObject({ exitCode: 124, timedOut: true })
})

async function* once(content: Uint8Array) {
  yield content
}

test.each([
  ['a file', (guest) => guest.writeFile('/f', once(Buffer.alloc(10)))],
  ['a port', (guest) => guest.connectPort(80)],
] satisfies [string, (guest: MicrovmGuest) => Promise<unknown>][])(
  '%s of which the guest says nothing is given up, any number of times',
  async (_, ask) => {
    const { line } = await agent(() => {})
    const guest = new MicrovmGuest(line, 20)
    for (let asked = 0; asked < 300; asked += 50)
      await Promise.all(
        Array.from({ length: 50 }, () =>
          expect(ask(guest)).rejects.toMatchObject({ reason: 'silent' }),
        ),
      )
  },
)

test('a file of more than a window of which the guest takes nothing is given up', async () => {
  const { line } = await agent(() => {})
  const writing = new MicrovmGuest(line, 20).writeFile('/f', once(Buffer.alloc(1_000_000)))
  await expect(writing).rejects.toMatchObject({ reason: 'silent' })
})

test('whoever hangs up while a file is written is not kept waiting', async () => {
  const asked: string[] = []
  const { guest, line } = await agent(({ type }) => asked.push(type))
  const stop = new AbortController()
  const writing = guest.writeFile('/f', once(Buffer.alloc(10)), { signal: stop.signal })
  stop.abort(new Error('hung up'))
  await expect(writing).rejects.toThrow('hung up')
  await line.ping(20).catch(() => {})
  expect(asked).toContain('C')
})

test('nothing more is begun on a line that the guest does not read', async () => {
  const { guest, line } = await agent((_, socket) => socket.pause())
  const write = () => guest.writeFile('/f', once(Buffer.alloc(WINDOW_BYTES)))
  const writing = Array.from({ length: 90 }, () => write().catch((error: unknown) => error))
  await line.ping(200).catch(() => {})
  await expect(write()).rejects.toThrow('Too much is under way')
  line.close()
  await Promise.all(writing)
})

test('bytes that come one by one are all there', async () => {
  const size = 50_000
  const { guest } = await agent(({ type, channel }, socket) => {
    if (type !== 'O') return
    socket.write(Buffer.concat(Array.from({ length: size }, () => data(channel, 'x'))))
    socket.write(exit(channel))
  })
  expect((await guest.execute(code)).stdout).toBe('x'.repeat(size))
})
