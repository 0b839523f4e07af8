/** Over real sockets: what only a real HTTP server can get wrong. */
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServer } from '../routes.ts'
import { type Api, createApi } from '../testing/api.ts'
import { listen, PortTaken } from './listen.ts'

let api: Api
let server: Awaited<ReturnType<typeof listen>>
let gate: PromiseWithResolvers<void>
let entered: PromiseWithResolvers<void>
beforeEach(async () => {
  api = await createApi()
  gate = Promise.withResolvers()
  entered = Promise.withResolvers()
  api.app.get('/slow', async (c) => {
    entered.resolve()
    await gate.promise
    return c.text('done')
  })
  server = await listen(api.app, { host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  gate.resolve()
  await server.close()
  await api.close()
})

const portOf = (url: string) => Number(new URL(url).port)

/** Sends bytes as they are and answers the status line. */
async function raw(text: string): Promise<string> {
  const socket = connect(portOf(server.url), '127.0.0.1')
  socket.write(text)
  socket.setEncoding('latin1')
  const [answer] = await once(socket, 'data')
  socket.destroy()
  return String(answer).split('\r\n')[0] ?? ''
}

it('needs neither a body nor a content type where every field is optional', async () => {
  const { key } = await api.client()
  const response = await fetch(`${server.url}/api/pricing/`, {
    method: 'POST',
    headers: { 'X-API-Key': key },
  })
  expect(response.status).toBe(200)
})

it('answers, and knows from where it is asked', async () => {
  const { key } = await api.client()
  const response = await fetch(`${server.url}/api/ssh-keys`, {
    method: 'POST',
    headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'a' }),
  })
  expect(response.status).toBe(200)
  const entry = await api.db
    .selectFrom('audit_log')
    .select('remote_address')
    .where('action', '=', 'ssh-key.create')
    .executeTakeFirstOrThrow()
  expect(entry.remote_address).toBe('127.0.0.1')
})

it('names the port that is taken', async () => {
  const taken = listen(api.app, { host: '127.0.0.1', port: portOf(server.url) })
  await expect(taken).rejects.toThrow(PortTaken)
  await expect(taken).rejects.toThrow(/taken; choose another with --port/)
})

it('refuses a body of 2 MB without reading it all', async () => {
  const { key } = await api.client()
  const response = await fetch(`${server.url}/api/ssh-keys/`, {
    method: 'POST',
    headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
    body: 'x'.repeat(2_000_000),
  })
  expect(response.status).toBe(413)
})

it.each(['/api/ssh-keys/', '/v1/vms', '/upload'])(
  'turns a stranger away at %s without waiting for a body that never ends',
  async (path) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked`
    expect(await raw(`${head}\r\n\r\n1\r\n{\r\n`)).toContain('HTTP/1.1 401')
  },
)

describe('a body that does not come', () => {
  const log = vi.fn()
  let port: number
  let close: () => Promise<void>
  beforeEach(async () => {
    log.mockClear()
    const app = createServer({ ...api, log })
    const quick = await listen(app, { host: '127.0.0.1', port: 0, bodyMs: 100 })
    close = quick.close
    port = portOf(quick.url)
  })
  afterEach(() => close())

  function begin(method: string, path: string, key = 'none') {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1')
    const head = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: ${key}`
    const type = path.endsWith('/content/') ? 'application/octet-stream' : 'application/json'
    socket.write(`${head}\r\nContent-Type: ${type}\r\nContent-Length: 100\r\n\r\n{`)
    return socket
  }
  const logged = (level: string) => log.mock.calls.filter((call) => call[0] === level)

  it('is not waited for', async () => {
    const { key } = await api.client()
    const socket = begin('POST', '/api/ssh-keys/', key)
    expect(String((await once(socket, 'data'))[0])).toContain('HTTP/1.1 408')
    await once(socket, 'close')
    expect(logged('error')).toEqual([])
  })

  it('keeps no connection of a stranger, who was answered already', async () => {
    const socket = begin('POST', '/api/ssh-keys/')
    expect(String((await once(socket, 'data'))[0])).toContain('HTTP/1.1 401')
    await once(socket, 'close')
  })

  it('is no error of ours when the client has left', async () => {
    const { key } = await api.client()
    const asked = vi.spyOn(api.services.accounts, 'authenticate')
    const socket = begin('POST', '/api/ssh-keys/', key)
    await vi.waitFor(() => expect(asked).toHaveBeenCalled())
    socket.destroy()
    await vi.waitFor(() =>
      expect(logged('debug').map((call) => call[1])).toContain(
        'a client left before its request was complete',
      ),
    )
    expect(logged('error')).toEqual([])
  })
})

it('answers requests that no client would send with 4xx', async () => {
  const host = 'Host: localhost\r\n\r\n'
  for (const [request, status] of [
    [`GET /api/ssh-keys/%zz HTTP/1.1\r\n${host}`, 401],
    [`GET /api/gpu-stocks/?region=%zz HTTP/1.1\r\n${host}`, 400],
    [`GET //api/regions/ HTTP/1.1\r\n${host}`, 404],
    [`GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${host}`, 431],
    ['GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
    ['nonsense\r\n\r\n', 400],
  ] as const) {
    expect(await raw(request), request.slice(0, 60)).toContain(`HTTP/1.1 ${status}`)
  }
})

it('finishes what is under way when it closes, and takes nothing new', async () => {
  const agent = new Agent({ keepAlive: true })
  const response = Promise.withResolvers<number | undefined>()
  httpRequest(`${server.url}/slow`, { agent }, (answer) => {
    answer.resume().on('end', () => response.resolve(answer.statusCode))
  }).end()
  await entered.promise
  const closed = server.close()
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  gate.resolve()
  expect(await response.promise).toBe(200)
  await closed
  agent.destroy()
})
