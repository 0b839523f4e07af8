import { afterEach, expect, test } from 'vitest'
import { type LineServer, type Request, serveLines } from '../testing/line-server.ts'
import { GuestAgent } from './agent.ts'

const LONG_MS = 5_000
const SHORT_MS = 50

let server: LineServer
let agent: GuestAgent
afterEach(async () => {
  agent.close()
  await server.close()
})

/** An agent that gets in step when asked and does `answer` with everything else. */
async function connect(answer: (request: Request, send: (text: string) => void) => void) {
  server = await serveLines({
    answer: (request, send) =>
      request.execute === 'guest-sync'
        ? send(`{"return": ${request.arguments.id}}\n`)
        : answer(request, send),
  })
  agent = new GuestAgent(server.path)
}

const names = () => server.requests.map((request) => request.execute)

test('answers what the agent returns', async () => {
  await connect((_, send) => send('{"return": 3}\n'))
  expect(await agent.execute('guest-fsfreeze-freeze', {}, LONG_MS)).toBe(3)
})

test('gets in step once, before the first request', async () => {
  await connect((_, send) => send('{"return": {}}\n'))
  await agent.execute('guest-ping', {}, LONG_MS)
  await agent.execute('guest-ping', {}, LONG_MS)
  expect(names()).toEqual(['guest-sync', 'guest-ping', 'guest-ping'])
})

test('sends the next request when the one before is answered', async () => {
  const answers: (() => void)[] = []
  await connect(({ execute }, send) => answers.push(() => send(`{"return": "${execute}"}\n`)))
  const both = ['one', 'two'].map((command) => agent.execute(command, {}, LONG_MS))
  await expect.poll(names).toEqual(['guest-sync', 'one'])
  answers[0]?.()
  await expect.poll(names).toEqual(['guest-sync', 'one', 'two'])
  answers[1]?.()
  expect(await Promise.all(both)).toEqual(['one', 'two'])
})

test('does not take a late answer for that of the next request', async () => {
  await connect(({ execute }, send) => {
    if (execute === 'fast') send('{"return": "fast"}\n')
  })
  await expect(agent.execute('slow', {}, SHORT_MS)).rejects.toThrow(/did not answer slow/)
  const next = agent.execute('fast', {}, LONG_MS)
  server.send('{"return": "slow"}\n')
  expect(await next).toBe('fast')
})

test('says what the agent refused', async () => {
  await connect((_, send) => send('{"error": {"class": "GenericError", "desc": "is frozen"}}\n'))
  await expect(agent.execute('guest-exec', {}, LONG_MS)).rejects.toThrow(/guest-exec: is frozen/)
})

test('is silent when there is no guest', async () => {
  server = await serveLines({ answer: () => {} })
  agent = new GuestAgent(server.path)
  expect(await agent.answers(SHORT_MS)).toBe(false)
})

test('bears with noise', async () => {
  await connect((_, send) => send('Kernel panic\n{"return": 1}\n'))
  expect(await agent.execute('guest-ping', {}, LONG_MS)).toBe(1)
})

test('gives up a request when the guest goes away', async () => {
  await connect(() => agent.forget())
  await expect(agent.execute('guest-ping', {}, LONG_MS)).rejects.toThrow(/went away/)
})
