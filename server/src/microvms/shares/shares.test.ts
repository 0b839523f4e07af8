/** Ports of machines, as browsers and clients reach them: over real sockets, to the simulated guests. */
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { EngineError } from '@garrison/engines/engine'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { listen } from '../../http/listen.ts'
import { type Api, createApi } from '../../testing/api.ts'

let api: Api
let server: Awaited<ReturnType<typeof listen>>
let port: number
let me: Awaited<ReturnType<Api['client']>>
let stranger: Awaited<ReturnType<Api['client']>>
let vm: { vm_id: string; session_id: string }
beforeAll(async () => {
  api = await createApi()
  api.startRunner()
  server = await listen(api.app, { host: '127.0.0.1', port: 0, beside: api.services.shareGate })
  port = Number(new URL(server.url).port)
  me = await api.client('Me')
  stranger = await api.client('Stranger')
  vm = (await me.post('/v1/vms', {})).body
})
afterAll(async () => {
  await server.close()
  await api.close()
})

type Asked = { method?: string; path?: string; headers?: Record<string, string>; body?: string }

async function visit(host: string, { method = 'GET', path = '/', headers, body }: Asked = {}) {
  const asked = request({ port, host: '127.0.0.1', method, path, headers: { host, ...headers } })
  asked.end(body)
  const answer = await new Promise<IncomingMessage>((resolve, reject) =>
    asked.once('response', resolve).once('error', reject),
  )
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
}

const share = async (input: object = {}) => {
  const reply = await me.post('/v1/shares', { port: 8080, vm_id: vm.vm_id, ...input })
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  return reply.body
}
const keyed = () => ({ 'x-api-key': me.key })

/** A guest whose port is played by the test, which sees what arrives. */
async function playing(serve: (line: Duplex) => void, work: () => Promise<void>) {
  const played = vi.spyOn(api.engine.microvms, 'connectPort').mockImplementation(async () => {
    const [here, there] = pair()
    serve(there)
    return here
  })
  await work().finally(() => played.mockRestore())
}

function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = [0, 1].map(
    (n) =>
      new Duplex({
        read() {},
        write(chunk, _, done) {
          ends[1 - n]?.push(chunk)
          done()
        },
        final(done) {
          ends[1 - n]?.push(null)
          done()
        },
        destroy(error, done) {
          const other = ends[1 - n]
          if (other !== undefined && !other.destroyed) other.push(null)
          done(error)
        },
      }),
  )
  for (const end of ends) end.on('error', () => {})
  return ends as [Duplex, Duplex]
}

describe('a public share', () => {
  it('is reached by whoever has its address, until it is revoked', async () => {
    const made = await share({ is_public: true })
    expect(made).toMatchObject({ vm_id: vm.vm_id, session_id: vm.session_id, status: 'active' })
    expect(made.name).toMatch(/^[a-z]+-[a-z]+-[a-z]+$/)
    expect(made.url).toMatch(new RegExp(`^http://${made.host}:\\d+$`))
    expect(made.host).toBe(`${made.name}.share.localhost`)
    const got = await visit(`${made.host}:${port}`, { path: '/a?b=c' })
    expect(got).toMatchObject({ status: 200, body: expect.stringContaining('/a?b=c') })
    expect((await me.get('/v1/shares')).body).toContainEqual(made)
    expect((await me.get(`/v1/shares/${made.id}`)).body).toEqual(made)
    const revoked = await me.delete(`/v1/shares/${made.id}`)
    expect(revoked.body).toMatchObject({ id: made.id, status: 'revoked' })
    expect((await visit(made.host)).status).toBe(404)
    expect((await me.get(`/v1/shares/${made.id}`)).status).toBe(404)
    const kinds = await api.db
      .selectFrom('events')
      .select('kind')
      .where('subject_id', '=', made.id)
      .orderBy('id')
      .execute()
    expect(kinds.map(({ kind }) => kind)).toEqual(['share.created', 'share.revoked'])
  })

  it('is revoked once, also when two ask for it at a time', async () => {
    const { id } = await share({ is_public: true })
    const { shares } = api.services
    let second: Promise<unknown> | undefined
    await api.change(async (tx) => {
      await shares.revoke(tx, me.caller, id)
      second = api.change((other) => shares.revoke(other, me.caller, id))
      second.catch(() => {})
      await vi.waitFor(async () => {
        const waiting = sql`select from pg_locks where not granted`
        expect((await waiting.execute(api.db)).rows).not.toEqual([])
      })
    })
    await expect(second).rejects.toThrow(id)
  })

  it('says so when nobody listens, and when its VM does not run', async () => {
    const nobody = await share({ is_public: true, port: 9 })
    expect(await visit(nobody.host)).toMatchObject({ status: 502 })
    const page = await visit(nobody.host, { headers: { accept: 'text/html' } })
    expect(page.body).toContain('<!doctype html>')
    const { body: other } = await me.post('/v1/vms', { share: { port: 8080, is_public: true } })
    expect(other.share).toMatchObject({ is_public: true, vm_id: other.vm_id })
    await me.post(`/v1/vms/${other.vm_id}/suspend`)
    expect((await visit(other.share.host)).status).toBe(503)
    await me.delete(`/v1/vms/${other.vm_id}`)
    expect((await visit(other.share.host)).status).toBe(404)
    expect((await me.patch(`/v1/shares/${other.share.id}`, { is_public: false })).status).toBe(404)
  })
})

it('strangers who are still being connected leave channels of the machine to its owner', async () => {
  const made = await share({ is_public: true })
  const opened: PromiseWithResolvers<Duplex>[] = []
  const played = vi.spyOn(api.engine.microvms, 'connectPort').mockImplementation(() => {
    const opening = Promise.withResolvers<Duplex>()
    opened.push(opening)
    return opening.promise
  })
  const statuses: unknown[] = []
  const visits = Array.from({ length: 140 }, () =>
    visit(made.host).then(({ status }) => statuses.push(status)),
  )
  await expect.poll(() => [opened.length, statuses.length], { timeout: 5_000 }).toEqual([128, 12])
  expect(new Set(statuses)).toEqual(new Set([503]))
  for (const { reject } of opened) reject(new EngineError('Nobody listens'))
  await Promise.all(visits)
  played.mockRestore()
  expect((await visit(made.host)).status).toBe(200)
})

describe('a private share', () => {
  it('takes a key of its account, and strangers find nothing', async () => {
    const { host } = await share()
    expect((await visit(host)).status).toBe(401)
    expect((await visit(host, { headers: { 'x-api-key': 'brk_none' } })).status).toBe(401)
    expect((await visit(host, { headers: { 'x-api-key': stranger.key } })).status).toBe(404)
    expect((await visit(host, { headers: keyed() })).status).toBe(200)
    expect((await visit(host, { headers: { authorization: `Bearer ${me.key}` } })).status).toBe(200)
  })

  it('opens to a browser that has sent a key once, and to no page beside it', async () => {
    const one = await share()
    const two = await share()
    const form = (key: string) =>
      visit(one.host, {
        method: 'POST',
        path: '/.garrison/sign-in',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': String(`key=${key}`.length),
        },
        body: `key=${key}`,
      })
    expect((await form('brk_none')).status).toBe(401)
    expect((await form(stranger.key)).status).toBe(404)
    const signedIn = await form(me.key)
    expect(signedIn).toMatchObject({ status: 303, headers: { location: '/' } })
    const [cookie = ''] = String(signedIn.headers['set-cookie']).split(';')
    expect((await visit(one.host, { headers: { cookie } })).status).toBe(200)
    expect((await visit(two.host, { headers: { cookie } })).status).toBe(401)
    expect((await visit(one.host, { headers: { cookie: `${cookie}x` } })).status).toBe(401)
    const beside = { cookie, origin: `http://${two.host}` }
    expect((await visit(one.host, { method: 'POST', headers: beside })).status).toBe(403)
  })

  it('becomes public and private again, and cuts off whoever may not be there', async () => {
    const made = await share({ is_public: true })
    await playing(
      (line) => line.write('HTTP/1.1 200 OK\r\n\r\nfirst'),
      async () => {
        const asked = request({ port, host: '127.0.0.1', headers: { host: made.host } }).end()
        const answer = await new Promise<IncomingMessage>((resolve) =>
          asked.once('response', resolve),
        )
        const ended = new Promise((resolve) => answer.once('close', resolve))
        answer.on('error', () => {}).resume()
        const changed = await me.patch(`/v1/shares/${made.id}`, { is_public: false })
        expect(changed.body).toMatchObject({ id: made.id, is_public: false })
        await ended
      },
    )
    expect((await visit(made.host)).status).toBe(401)
  })
})

describe('what goes on to the guest', () => {
  it('is what was sent, without what is ours, and with who came', async () => {
    const { host } = await share()
    let seen = ''
    await playing(
      (line) =>
        line.on('data', (bytes: Buffer) => {
          seen += bytes.toString('latin1')
          if (seen.endsWith('hello'))
            line.end(
              'HTTP/1.1 201 Made\r\nSet-Cookie: a=b; Domain=share.localhost; Path=/\r\nConnection: x-secret\r\nX-Secret: 1\r\nContent-Length: 2\r\n\r\nok',
            )
        }),
      async () => {
        const answer = await visit(host, {
          method: 'PUT',
          path: '/x//y?z=%20',
          headers: {
            ...keyed(),
            ...{ cookie: 'garrison_share=mine; theirs=1', 'x-forwarded-for': '6.6.6.6' },
            ...{ 'x-real-ip': '6.6.6.6', 'x-forwarded-port': '6666', 'x-forwarded-user': 'root' },
            ...{
              connection: 'x-hop',
              'x-hop': '1',
              'content-length': '5',
              authorization: 'Basic eA==',
            },
          },
          body: 'hello',
        })
        expect(answer).toMatchObject({ status: 201, body: 'ok' })
        expect(answer.headers['set-cookie']).toEqual(['a=b; Path=/'])
        expect(answer.headers['x-secret']).toBeUndefined()
      },
    )
    expect(seen).toMatch(/^PUT \/x\/\/y\?z=%20 HTTP\/1\.1\r\n/)
    expect(seen).toContain(`host: ${host}`)
    expect(seen).toContain('theirs=1')
    expect(seen).toContain('Basic eA==')
    expect(seen).toContain('X-Forwarded-For: 127.0.0.1')
    expect(seen).toContain('X-Forwarded-Proto: http')
    for (const ours of [me.key, 'garrison_share', '6.6.6.6', '6666', 'forwarded-user', 'x-hop'])
      expect(seen).not.toContain(ours)
  })

  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an encoding beside chunks', 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 5\r\n\r\nhello'],
    ['a bare line feed in a name', 'X\n: 1\r\n\r\n'],
  ])('is never what two could read in two ways: %s', async (_, rest) => {
    const { host } = await share({ is_public: true })
    let reached = 0
    await playing(
      () => reached++,
      async () => {
        const socket = connect(port, '127.0.0.1')
        socket.end(`POST / HTTP/1.1\r\nHost: ${host}\r\n${rest}`)
        expect(await text(socket)).toMatch(/^HTTP\/1\.1 (400|501)/)
      },
    )
    expect(reached).toBe(0)
  })

  it.each(['GET', 'HEAD'])('comes back with the bytes that it has: %s', async (method) => {
    const { host } = await share({ is_public: true })
    const answer = Buffer.from('HTTP/1.1 304 K\xe4se\r\nX-Name: \xff\xc3\xa9\r\n\r\n', 'latin1')
    for (const status of ['200', '304'])
      await playing(
        (line) =>
          line.once('data', () =>
            line.end(answer.toString('latin1').replace('304', status), 'latin1'),
          ),
        async () => {
          const socket = connect(port, '127.0.0.1')
          socket.setEncoding('latin1')
          socket.write(`${method} / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
          const said = await text(socket)
          expect(said).toContain(`HTTP/1.1 ${status} K\xe4se\r\n`)
          expect(said).toContain('X-Name: \xff\xc3\xa9\r\n')
        },
      )
  })

  it('becomes nothing else unless it was asked for', async () => {
    const { host } = await share({ is_public: true })
    await playing(
      (line) =>
        line.once('data', () =>
          line.end('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
        ),
      async () => expect(await visit(host)).toMatchObject({ status: 502 }),
    )
  })

  it('goes by one host name, which may be written in full', async () => {
    const { host } = await share({ is_public: true })
    let reached = 0
    await playing(
      (line) => {
        reached++
        line.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      },
      async () => {
        const full = host.replace(/(:\d+)?$/, '.$1')
        expect(await visit(full)).toMatchObject({ status: 200, body: 'ok' })
        const socket = connect(port, '127.0.0.1')
        socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nHost: localhost\r\n\r\n`)
        expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /)
      },
    )
    expect(reached).toBe(1)
  })

  it('streams both ways at once, without waiting for an end', async () => {
    const { host } = await share({ is_public: true })
    await playing(
      (line) => {
        line.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n')
        line.on('data', (bytes: Buffer) => {
          if (/ping/.test(bytes.toString())) line.write('pong\n')
        })
      },
      async () => {
        const asked = request({ port, host: '127.0.0.1', method: 'POST', headers: { host } })
        asked.on('error', () => {})
        asked.flushHeaders()
        const answer = await new Promise<IncomingMessage>((resolve) =>
          asked.once('response', resolve),
        )
        answer.on('error', () => {})
        for (let n = 0; n < 3; n++) {
          const heard = new Promise<Buffer>((resolve) => answer.once('data', resolve))
          asked.write('ping')
          expect((await heard).toString()).toBe('pong\n')
        }
        asked.destroy()
      },
    )
  })

  it('may become a websocket, whose bytes are nobody else’s business', async () => {
    const { host } = await share()
    const shaking = (key: string) =>
      `GET /live HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: ${key}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`
    let seen = ''
    await playing(
      (line) =>
        line.on('data', (bytes: Buffer) => {
          const words = bytes.toString('latin1')
          seen += words
          if (seen === words)
            line.write('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhead')
          else line.write(words.toUpperCase())
        }),
      async () => {
        const socket = connect(port, '127.0.0.1')
        const heard = async (wanted: string) => {
          let all = ''
          while (!all.includes(wanted)) {
            const bytes = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
            all += bytes.toString()
          }
          return all
        }
        socket.write(shaking(me.key))
        expect(await heard('head')).toMatch(/^HTTP\/1\.1 101 /)
        socket.write('abc')
        await heard('ABC')
        socket.destroy()
        const refused = connect(port, '127.0.0.1')
        refused.write(shaking(stranger.key))
        expect(await text(refused)).toMatch(/^HTTP\/1\.1 404 /)
      },
    )
    expect(seen).not.toContain(me.key)
  })
})

describe('a port of a session', () => {
  it('has two addresses, both for the account alone', async () => {
    const path = `/v1/sessions/app-url/${vm.session_id}?port=8080`
    const { body } = await me.get(path)
    expect(body).toMatchObject({ port: 8080, vm_id: vm.vm_id, status: 'running' })
    expect((await stranger.get(path)).status).toBe(404)
    const direct = new URL(body.direct_url).host
    const below = { path: `${new URL(body.url).pathname}deep?x=1` }
    for (const [host, asked] of [
      [direct, {}],
      [`127.0.0.1:${port}`, below],
    ] as const) {
      expect((await visit(host, asked)).status, host).toBe(401)
      const foreign = { 'x-api-key': stranger.key }
      expect((await visit(host, { ...asked, headers: foreign })).status).toBe(404)
      expect((await visit(host, { ...asked, headers: keyed() })).status).toBe(200)
    }
    const answer = await visit(`127.0.0.1:${port}`, { ...below, headers: keyed() })
    expect(answer.body).toContain('asked for /deep?x=1')
    expect(answer.headers['content-security-policy']).toMatch(/^sandbox/)
    expect((await visit(direct.replace('-8080', '-99999'))).status).toBe(404)
  })
})

it('what is mine does not exist for a stranger, and faults are told', async () => {
  const { id } = await share()
  expect((await stranger.get('/v1/shares')).body).toEqual([])
  expect((await stranger.get(`/v1/shares/${id}`)).status).toBe(404)
  expect((await stranger.patch(`/v1/shares/${id}`, { is_public: true })).status).toBe(404)
  expect((await stranger.delete(`/v1/shares/${id}`)).status).toBe(404)
  expect((await stranger.post('/v1/shares', { port: 1, vm_id: vm.vm_id })).status).toBe(404)
  for (const body of [
    { port: 0, vm_id: 'x' },
    { port: 1 },
    { port: 1, vm_id: 'x', session_id: 'y' },
  ])
    expect((await me.post('/v1/shares', body)).status).toBe(422)
  expect((await visit('no-such-name.share.localhost')).status).toBe(404)
  expect((await visit('x.share.localhost')).status).toBe(404)
})
