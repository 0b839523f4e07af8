/** Consoles over real websockets, to simulated machines. */
import { once } from 'node:events'
import type { LineKind } from '@garrison/contract/instances/console-routes'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { listen } from '../http/listen.ts'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import type { WorldOptions } from '../testing/world.ts'

type Client = Awaited<ReturnType<Api['client']>>

let api: Api
let server: Awaited<ReturnType<typeof listen>>
let me: Client
let id: string
/** The machine in the engine. */
let uuid: string

async function begin(options?: WorldOptions) {
  api = await createApi(options)
  server = await listen(api.app, { host: '127.0.0.1', port: 0 })
  me = await api.client()
  const instance = await api.runningInstance(me.caller)
  id = instance.public_id
  uuid = instance.id
}
beforeEach(() => begin())
afterEach(async () => {
  await server.close()
  await api.close()
})

const path = (kind: LineKind = 'console', of = id) => `/api/instances/${of}/${kind}/`
const withKey = (client = me) => ({ headers: { 'X-API-Key': client.key } })

async function tokenFor(kind: LineKind = 'console', client = me): Promise<string> {
  const { status, body } = await client.post(`/api/instances/${id}/console-token/`, { kind })
  expect(status, JSON.stringify(body)).toBe(200)
  return body.token
}

function connect(to: string, options: object = {}) {
  return new WebSocket(server.url.replace('http', 'ws') + to, options)
}

/** Once it is open; what it hears is kept from the beginning. */
async function opened(to: string, options?: object) {
  const socket = connect(to, options)
  let heard = ''
  socket.on('message', (data, isBinary) => {
    expect(isBinary).toBe(true)
    heard += String(data)
  })
  const ended = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  await once(socket, 'open')
  const says = (words: string) =>
    expect.poll(() => heard.includes(words), { timeout: 8_000, message: words }).toBe(true)
  return { socket, says, ended, heard: () => heard }
}

/** What the handshake is answered that is refused. */
async function refused(to: string, options?: object) {
  const socket = connect(to, options)
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  let text = ''
  for await (const chunk of response) text += chunk
  const headers = new Headers(response.headers as Record<string, string>)
  return { status: response.statusCode as number, headers, body: JSON.parse(text) }
}

describe('a console', () => {
  it('shows the past first, and then what the machine answers to anybody, to all', async () => {
    const one = await opened(path(), withKey())
    await one.says('nothing real runs here')
    const other = await opened(path(), withKey())
    await other.says('nothing real runs here')
    other.socket.send(Buffer.from('ls\r'))
    await one.says('runs no commands')
    one.socket.send('w\r')
    await other.says('w\r')
  })

  it('opens once by a token, which only its hash is kept of', async () => {
    const token = await tokenFor()
    const rows = await api.db.selectFrom('console_tokens').selectAll().execute()
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain(token)
    const line = await opened(`${path()}?token=${token}`)
    await line.says('nothing real runs here')
    expectRefusal(await refused(`${path()}?token=${token}`), 401, 'INVALID_API_KEY', /new one/)
  })

  it('opens for one of two who bring the same token at once', async () => {
    const to = `${path()}?token=${await tokenFor()}`
    const outcomes = await Promise.allSettled([opened(to), opened(to)])
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('closes when the machine stops, and opens again when it runs', async () => {
    const line = await opened(path(), withKey())
    await me.post(`/api/instances/${id}/stop/`)
    await api.settle()
    expect(await line.ended).toEqual({ code: 4000, reason: expect.stringMatching(/stopped/) })
    expectRefusal(await refused(path(), withKey()), 400, 'INVALID_INSTANCE_STATE', /SHUTOFF/)
    await me.post(`/api/instances/${id}/start/`)
    await api.settle()
    await (await opened(path(), withKey())).says('nothing real runs here')
  })

  it('closes when the machine is deleted', async () => {
    const line = await opened(path(), withKey())
    await me.delete(`/api/instances/${id}/`)
    await api.settle()
    expect((await line.ended).code).toBe(4000)
  })

  it('goes on when the machine reboots', async () => {
    const line = await opened(path(), withKey())
    await me.post(`/api/instances/${id}/reboot/`)
    await api.settle()
    line.socket.send('\r')
    await line.says('runs no commands')
  })

  it('closes for whoever came in by a key that is revoked', async () => {
    const byKey = await opened(path(), withKey())
    const byToken = await opened(`${path()}?token=${await tokenFor()}`)
    const { accounts, console } = api.services
    const key = await api.change((tx) => accounts.revokeKey(tx, me.caller.accountId, 'test'))
    console.closeOf(key.id)
    expect((await byKey.ended).code).toBe(4002)
    expect((await byToken.ended).code).toBe(4002)
  })

  it('closes soon, and opens no more, when the account is suspended', async () => {
    const line = await opened(path(), withKey())
    const to = `${path()}?token=${await tokenFor()}`
    const account_id = me.caller.accountId
    await api.db
      .insertInto('account_controls')
      .values({ account_id, suspended_at: new Date(), suspended_reason: 'Unpaid' })
      .execute()
    await api.services.accounts.suspensions.refresh(api.db)
    expectRefusal(await refused(to), 401, 'INVALID_API_KEY')
    await api.services.console.closeOfGone(api.db)
    expect((await line.ended).code).toBe(4002)
  })

  it('closes soon when a key is gone and nobody heard of it, and for nobody else', async () => {
    const gone = await opened(path(), withKey())
    const { accounts, console } = api.services
    const other = await api.change((tx) =>
      accounts.createKey(tx, me.caller.accountId, { name: 'other' }),
    )
    const stays = await opened(path(), { headers: { 'X-API-Key': other.text } })
    await api.change((tx) => accounts.revokeKey(tx, me.caller.accountId, 'test'))
    await console.closeOfGone(api.db)
    expect((await gone.ended).code).toBe(4002)
    stays.socket.send('\r')
    await stays.says('runs no commands')
  })

  it('lets go of a viewer that does not read, and of nobody else', async () => {
    const stuck = await opened(path(), withKey())
    await stuck.says('nothing real runs here')
    stuck.socket.pause()
    const other = await opened(path(), withKey())
    const chunk = Buffer.alloc(60_000, 'x')
    // More than what lies in sockets between here and there.
    for (let sent = 0; sent < 400; sent++)
      await new Promise((resolve) => other.socket.send(chunk, resolve))
    other.socket.send('\r')
    await other.says('runs no commands')
    stuck.socket.resume()
    expect(await stuck.ended).toMatchObject({ code: 4001 })
  })

  it('closes with a reason when the server stops', async () => {
    const line = await opened(path(), withKey())
    await server.close()
    expect(await line.ended).toMatchObject({ code: 1001 })
  })

  it('closes for a message that is too long, and for nobody else', async () => {
    const rude = await opened(path(), withKey())
    const other = await opened(path(), withKey())
    rude.socket.send(Buffer.alloc(64 * 1024 + 1))
    expect((await rude.ended).code).toBe(1009)
    other.socket.send('\r')
    await other.says('runs no commands')
  })

  it('has places for eight, which are given back', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => opened(path(), withKey())))
    expectRefusal(await refused(path(), withKey()), 403, 'LIMIT_EXCEEDED', /8 viewers/)
    all[0]?.socket.close()
    await expect
      .poll(() =>
        opened(path(), withKey()).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
  })

  it('leaves a row in the audit log, without what was typed', async () => {
    const line = await opened(`${path()}?token=${await tokenFor()}`)
    line.socket.send('secret-of-mine\r')
    await line.says('secret-of-mine')
    const rows = await api.db
      .selectFrom('audit_log')
      .selectAll()
      .where('subject_id', '=', id)
      .where('action', 'like', 'instance.console.%')
      .orderBy('id')
      .execute()
    expect(rows.map(({ action }) => action)).toEqual([
      'instance.console.token',
      'instance.console.open',
    ])
    expect(rows[1]).toMatchObject({ remote_address: '127.0.0.1', account_id: me.caller.accountId })
    expect(JSON.stringify(await footprint(api))).not.toContain('secret-of-mine')
  })
})

describe('a console is refused, and nothing comes of it,', () => {
  let before: unknown
  beforeEach(async () => {
    before = await footprint(api)
  })
  afterEach(async () => expect(await footprint(api)).toEqual(before))

  it('without a key or token', async () => {
    expectRefusal(await refused(path()), 401, 'AUTHENTICATION_REQUIRED')
    expectRefusal(await refused(`${path()}?token=`), 401, 'AUTHENTICATION_REQUIRED')
  })

  it('with a token that nobody issued', async () => {
    expectRefusal(await refused(`${path()}?token=guessed`), 401, 'INVALID_API_KEY')
    const long = `${path()}?token=${'a'.repeat(101)}`
    expectRefusal(await refused(long), 400, 'VALIDATION_ERROR')
  })

  it('to a request that is no handshake', async () => {
    expectRefusal(await me.get(path()), 400, 'VALIDATION_ERROR', /websocket/)
  })

  it('to the page of another site', async () => {
    const origin = (from: string) => ({ headers: { ...withKey().headers, origin: from } })
    for (const from of ['https://evil.example', 'null', `${server.url}0`])
      expectRefusal(await refused(path(), origin(from)), 403, 'PERMISSION_DENIED', /this server/)
  })

  it('to a malformed handshake, which leaves its place to others', async () => {
    for (let turn = 0; turn < 10; turn++) {
      const response = await fetch(server.url + path(), { headers: { 'X-API-Key': me.key } })
      expect(response.status).toBe(400)
    }
  })

  it('of a kind that the region does not have', async () => {
    expectRefusal(await refused(path('display'), withKey()), 400, 'TIER_NOT_SUPPORTED', /display/)
    const token = await me.post(`/api/instances/${id}/console-token/`, { kind: 'display' })
    expectRefusal(token, 400, 'TIER_NOT_SUPPORTED', /display/)
  })

  it('for a kind that there is not', async () => {
    const reply = await me.post(`/api/instances/${id}/console-token/`, { kind: 'keyboard' })
    expectRefusal(reply, 400, 'VALIDATION_ERROR')
  })
})

it('lets the page of this server in', async () => {
  const options = { headers: { ...withKey().headers, origin: server.url } }
  await (await opened(path(), options)).says('nothing real runs here')
})

it('answers other requests for another protocol as requests', async () => {
  const response = await fetch(`${server.url}/healthz`, { headers: { connection: 'close' } })
  expect(response.status).toBe(200)
  const reply = await refused('/api/ssh-keys/', withKey())
  expect(reply).toMatchObject({ status: 200, body: { success: true } })
  expectRefusal(await refused('/api/nothing/', withKey()), 404, 'NOT_FOUND')
})

describe('a token', () => {
  it('opens what it was made for, and for nobody who finds another use', async () => {
    const token = await tokenFor()
    const other = await api.runningInstance(me.caller)
    for (const to of [path('display'), path('console', other.public_id)])
      expectRefusal(await refused(`${to}?token=${token}`), 401, 'INVALID_API_KEY')
    // It was not used by that.
    await opened(`${path()}?token=${token}`)
  })

  it('is not given to a stranger', async () => {
    const stranger = await api.client('Stranger')
    const reply = await stranger.post(`/api/instances/${id}/console-token/`, {})
    expectRefusal(reply, 404, 'NOT_FOUND')
    expectRefusal(await refused(path(), withKey(stranger)), 404, 'NOT_FOUND')
  })

  it('is of no use any more when its key was revoked', async () => {
    const token = await tokenFor()
    await api.change((tx) => api.services.accounts.revokeKey(tx, me.caller.accountId, 'test'))
    expectRefusal(await refused(`${path()}?token=${token}`), 401, 'INVALID_API_KEY')
  })

  it('is shown once, also where the answer is given again', async () => {
    const again = { 'Idempotency-Key': 'a' }
    const to = `/api/instances/${id}/console-token/`
    const first = await me.post(to, {}, again)
    const second = await me.post(to, {}, again)
    expect(second.body).toEqual({ ...first.body, token: null, url: null })
    expect(first.body.url).toBe(`${path()}?token=${first.body.token}`)
  })

  it('is one of fifty at most', async () => {
    for (let issued = 0; issued < 50; issued++) await tokenFor()
    const reply = await me.post(`/api/instances/${id}/console-token/`, {})
    expectRefusal(reply, 403, 'LIMIT_EXCEEDED', /50/)
  })
})

describe('of an expired token', () => {
  it('nothing opens', async () => {
    await server.close()
    await api.close()
    let now = Date.now()
    await begin({ clock: { now: () => new Date(now), sleep: async () => {} } })
    const [early, late] = [await tokenFor(), await tokenFor()]
    now += 59_000
    await opened(`${path()}?token=${early}`)
    now += 1_000
    expectRefusal(await refused(`${path()}?token=${late}`), 401, 'INVALID_API_KEY')
    await tokenFor()
    expect(await api.db.selectFrom('console_tokens').select('kind').execute()).toHaveLength(1)
  })
})

describe('the console log', () => {
  const log = (query = '') => me.get(`/api/instances/${id}/console-log/${query}`)

  it('is read as text, as much as is wanted, of stopped machines too', async () => {
    expect((await log()).body).toMatchObject({
      instance_id: id,
      log: expect.stringContaining('nothing real runs here'),
    })
    expect((await log('?bytes=4')).body.log).toHaveLength(4)
    await me.post(`/api/instances/${id}/stop/`)
    await api.settle()
    expect((await log()).body.log).toContain('nothing real runs here')
  })

  it.each(['0', '-1', '1048577', 'many', '1.5'])('is not read for bytes=%s', async (bytes) => {
    const fields = expectRefusal(await log(`?bytes=${bytes}`), 400, 'VALIDATION_ERROR')
    expect(Object.keys(fields)).toEqual(['bytes'])
  })

  it('is gone with the machine, and empty before there is one', async () => {
    await me.delete(`/api/instances/${id}/`)
    await api.settle()
    await api.stopRunners()
    expectRefusal(await log(), 400, 'INVALID_INSTANCE_STATE', /DELETED/)
    id = (await api.deploy(me.caller)).public_id
    expect((await log()).body).toMatchObject({ success: true, log: '' })
  })

  it('begins with a whole character, and replaces what is none', async () => {
    const printed = Buffer.from([0x82, 0xac, 0x61, 0xff, 0x00, 0xc3, 0xa9])
    vi.spyOn(api.engine, 'consoleLog').mockResolvedValue(printed)
    expect((await log()).body.log).toBe('a\uFFFD\0é')
  })
})

it('a machine that has died a moment ago has no console, and the words say so', async () => {
  await api.engine.kill(uuid)
  expectRefusal(await refused(path(), withKey()), 400, 'INVALID_INSTANCE_STATE', /does not run/)
})
