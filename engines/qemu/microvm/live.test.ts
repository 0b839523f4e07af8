import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { lookAt } from '../process/processes.ts'
import { serveLines } from '../testing/line-server.ts'
import { frame, HEADER_BYTES } from './agent/frames.ts'
import { LiveMicrovm } from './live.ts'

const MAGIC = Buffer.from('\0garrison-line1\0', 'latin1')
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A machine whose line was lost once; its agent answers to a greeting or is silent. */
async function machine({ isSilent = false } = {}) {
  const qmp = await serveLines({
    greeting: '{"QMP": {}}\r\n',
    answer: ({ id }, send) => send(`{"return": {}, "id": ${id}}\n`),
  })
  const folder = await mkdtemp(join(tmpdir(), 'garrison-live-'))
  const greeted = Promise.withResolvers<Socket>()
  const seen = { connections: 0, greeted: greeted.promise }
  const server = createServer((socket) => {
    seen.connections += 1
    socket.on('error', () => {})
    socket.on('data', (hello) => {
      greeted.resolve(socket)
      const nonce = hello.subarray(HEADER_BYTES)
      if (!isSilent) socket.write(Buffer.concat([MAGIC, nonce, frame('R', 0)]))
    })
  })
  const agent = join(folder, 'agent.sock')
  await new Promise<void>((resolve) => server.listen(agent, resolve))
  const itself = await lookAt(process.pid)
  if (itself === null) throw new Error('This process cannot be seen')
  const live = await LiveMicrovm.attach(itself, { qmp: qmp.path, agent })
  cleanUps.push(
    () => rm(folder, { recursive: true }),
    () => qmp.close(),
    () => server.close(),
    () => live.close(),
  )
  live.line.close()
  return { live, seen }
}

test('two that ask for a lost line at once share the new one', async () => {
  const { live, seen } = await machine()
  const [one, other] = await Promise.all([live.guest(), live.guest()])
  expect(other).toBe(one)
  expect(seen.connections).toBe(2)
})

test('a line on which nobody answers is not kept from the next one', async () => {
  const { live, seen } = await machine({ isSilent: true })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  cleanUps.push(() => vi.useRealTimers())
  const asking = expect(live.guest()).rejects.toThrow('does not answer')
  const closed = once(await seen.greeted, 'close')
  vi.advanceTimersByTime(5_000)
  await asking
  await closed
})
