/** Terminals of microVMs over real websockets, to simulated machines. */
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type RawData, WebSocket } from 'ws'
import { listen } from '../../http/listen.ts'
import { type Api, createApi } from '../../testing/api.ts'
import type { WorldOptions } from '../../testing/world.ts'

let api: Api
let server: Awaited<ReturnType<typeof listen>>
let me: Awaited<ReturnType<Api['client']>>
let vm: { vm_id: string; session_id: string }
let base: string

async function begin(options?: WorldOptions) {
  api = await createApi(options)
  api.startRunner()
  server = await listen(api.app, { host: '127.0.0.1', port: 0 })
  me = await api.client()
  vm = (await me.post('/v1/vms', {})).body
  base = `/v1/vms/${vm.vm_id}/pty/sessions`
}
beforeEach(() => begin())
afterEach(async () => {
  await server.close()
  await api.close()
})

async function created(body: object = {}, at = base) {
  const reply = await me.post(at, body)
  expect(reply.status, JSON.stringify(reply.body)).toBe(201)
  return reply.body as { pty_id: string; connect_path: string; connect_token: string }
}

const socketTo = (to: string, options: object = {}) =>
  new WebSocket(server.url.replace('http', 'ws') + to, options)

async function opened(to: string, options: object = {}) {
  const socket = socketTo(to, options)
  let shown = ''
  const told: unknown[] = []
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (isBinary) shown += String(data)
    else told.push(JSON.parse(String(data)))
  })
  const ended = once(socket, 'close').then(([code]) => code as number)
  await once(socket, 'open')
  const shows = (words: string) => expect.poll(() => shown, { timeout: 8_000 }).toContain(words)
  return { socket, shows, told, ended, shown: () => shown }
}

async function refused(to: string, options: object = {}) {
  const socket = socketTo(to, options)
  socket.on('error', () => {})
  const [, response] = await once(socket, 'unexpected-response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode as number, body: JSON.parse(text) }
}

const withKey = (key = me.key) => ({ headers: { 'X-API-Key': key } })

describe('a terminal', () => {
  it('runs what is typed, and tells the exit code of its program', async () => {
    const pty = await created({ cols: 120, rows: 32 })
    expect(pty).toMatchObject({ cols: 120, rows: 32, status: 'running', vm_id: vm.vm_id })
    const line = await opened(pty.connect_path)
    line.socket.send(Buffer.from('echo from inside\n'))
    await line.shows('from inside\r\n')
    line.socket.send(Buffer.from('exit 5\n'))
    expect(await line.ended).toBe(4000)
    expect(line.told).toEqual([{ type: 'exit', exit_code: 5 }])
    expect((await me.get(`${base}/${pty.pty_id}`)).body).toMatchObject({
      ...{ status: 'exited', exit_code: 5, viewers: 0, exited_at: expect.any(String) },
    })
    expect((await me.post(`${base}/${pty.pty_id}/resize`, { cols: 9, rows: 9 })).status).toBe(409)
    // Who comes too late still hears how it ended.
    const late = await opened(`${base}/${pty.pty_id}/connect`, withKey())
    expect(await late.ended).toBe(4000)
    expect(late.shown()).toContain('from inside')
    expect(late.told).toEqual([{ type: 'exit', exit_code: 5 }])
  })

  it('goes on without viewers, and shows whoever comes back what it printed last', async () => {
    const pty = await created()
    const first = await opened(pty.connect_path)
    first.socket.send(Buffer.from('WORD=kept\n'))
    first.socket.close()
    await first.ended
    const { body } = await me.post(`${base}/${pty.pty_id}/connect`)
    const second = await opened(body.connect_path)
    await second.shows('WORD=kept')
    second.socket.send(Buffer.from('echo $WORD\n'))
    await second.shows('\r\nkept\r\n')
  })

  it('of a session makes its machine, and is the same below the machine', async () => {
    const { body: session } = await me.post('/v1/sessions/session', {})
    const at = `/v1/sessions/${session.session_id}/pty/sessions`
    const pty = await created({}, at)
    const { body } = await me.get(at)
    expect(body).toMatchObject([{ pty_id: pty.pty_id, session_id: session.session_id }])
    expect((await me.get(`/v1/vms/${body[0].vm_id}/pty/sessions/${pty.pty_id}`)).body).toEqual(
      body[0],
    )
    const line = await opened(pty.connect_path)
    await line.shows('nothing real runs')
  })

  it('is resized by a request and by a viewer, and says what it does not understand', async () => {
    const pty = await created()
    const resized = await me.post(`${base}/${pty.pty_id}/resize`, { cols: 100, rows: 40 })
    expect(resized.body).toMatchObject({ cols: 100, rows: 40 })
    const line = await opened(pty.connect_path)
    line.socket.send('{"type":"resize","cols":90,"rows":20}')
    const get = async () => (await me.get(`${base}/${pty.pty_id}`)).body
    await expect.poll(get).toMatchObject({ cols: 90, rows: 20, viewers: 1 })
    for (const wrong of ['{"type":"resize","cols":0,"rows":20}', '{', 'null', '{"type":"x"}'])
      line.socket.send(wrong)
    await expect.poll(() => line.told.length).toBe(4)
    expect(line.told[0]).toMatchObject({ type: 'error', message: expect.stringMatching(/resize/) })
    expect(await get()).toMatchObject({ cols: 90, rows: 20 })
  })

  it.each([
    ['suspended', () => me.post(`/v1/vms/${vm.vm_id}/suspend`)],
    ['deleted', () => me.delete(`/v1/vms/${vm.vm_id}`)],
  ])('is lost when its machine is %s', async (_, end) => {
    const pty = await created()
    const line = await opened(pty.connect_path)
    expect((await end()).status).toBe(200)
    expect(await line.ended).toBe(4000)
    expect(line.told).toEqual([{ type: 'exit', exit_code: null }])
    expect((await me.get(`${base}/${pty.pty_id}`)).body.status).toBe('lost')
    expect((await me.post(base, {})).status).toBe(409)
  })

  it('is hung up when it is deleted', async () => {
    const pty = await created()
    const line = await opened(pty.connect_path)
    expect((await me.delete(`${base}/${pty.pty_id}`)).status).toBe(200)
    expect(await line.ended).toBe(4000)
    expect((await me.get(`${base}/${pty.pty_id}`)).status).toBe(404)
    expect((await me.get(base)).body).toEqual([])
  })

  it('is closed for whoever came by a key that is revoked', async () => {
    const line = await opened((await created()).connect_path)
    const { accounts, console } = api.services
    const key = await api.change((tx) => accounts.revokeKey(tx, me.caller.accountId, 'test'))
    console.closeOf(key.id)
    expect(await line.ended).toBe(4002)
  })

  it('leaves rows in the audit log, without what was typed', async () => {
    const line = await opened((await created()).connect_path)
    line.socket.send(Buffer.from('echo secret-of-mine\n'))
    await line.shows('secret-of-mine')
    const rows = await api.db
      .selectFrom('audit_log')
      .selectAll()
      .where('action', 'like', 'microvm.terminal.%')
      .orderBy('id')
      .execute()
    expect(rows.map(({ action }) => action)).toEqual([
      'microvm.terminal.open',
      'microvm.terminal.connect',
    ])
    expect(JSON.stringify(rows)).not.toContain('secret-of-mine')
  })

  it('is one of sixteen at most, whose places are given back', async () => {
    const all = await Promise.all(Array.from({ length: 17 }, () => me.post(base, {})))
    expect(all.map(({ status }) => status).sort()).toEqual([...Array(16).fill(201), 429])
    const one = all.find(({ status }) => status === 201)
    await me.delete(`${base}/${one?.body.pty_id}`)
    await created()
  })
})

describe('refused is', () => {
  it('everything of a stranger, who hears that there is nothing', async () => {
    const stranger = await api.client('Stranger')
    const { pty_id } = await created()
    const { body: theirs } = await stranger.post('/v1/vms', {})
    for (const at of [
      base,
      `/v1/sessions/${vm.session_id}/pty/sessions`,
      `/v1/vms/${theirs.vm_id}/pty/sessions`,
    ]) {
      const one = `${at}/${pty_id}`
      if (!at.includes(theirs.vm_id)) {
        expect((await stranger.get(at)).status).toBe(404)
        expect((await stranger.post(at, {})).status).toBe(404)
      }
      expect((await stranger.get(one)).status).toBe(404)
      expect((await stranger.delete(one)).status).toBe(404)
      expect((await stranger.post(`${one}/resize`, { cols: 1, rows: 1 })).status).toBe(404)
      expect((await stranger.post(`${one}/connect`)).status).toBe(404)
      expect((await refused(`${one}/connect`, withKey(stranger.key))).status).toBe(404)
    }
    expect((await me.get(`${base}/${pty_id}`)).body.status).toBe('running')
  })

  it('a token that was used, is of another terminal, or was guessed', async () => {
    const [one, other] = [await created(), await created()]
    await opened(one.connect_path)
    expect(await refused(one.connect_path)).toMatchObject({
      status: 401,
      body: { detail: expect.stringMatching(/new one/) },
    })
    const swapped = one.connect_path.replace(one.connect_token, other.connect_token)
    expect((await refused(swapped)).status).toBe(401)
    expect((await refused(`${base}/${one.pty_id}/connect?token=guessed`)).status).toBe(401)
    expect((await refused(`${base}/${one.pty_id}/connect`)).status).toBe(401)
    // It was not used by that.
    await opened(other.connect_path)
  })

  it('the page of another site, and what is no handshake', async () => {
    const { connect_path, pty_id } = await created()
    const headers = { ...withKey().headers, origin: 'https://evil.example' }
    expect((await refused(connect_path, { headers })).status).toBe(403)
    expect((await me.get(`${base}/${pty_id}/connect`)).status).toBe(422)
  })

  it('a size that is none, and a field that is not there', async () => {
    for (const wrong of [{ cols: 0 }, { rows: 1001 }, { cols: '80' }, { shell: '' }, { user: 'x' }])
      expect((await me.post(base, wrong)).status, JSON.stringify(wrong)).toBe(422)
    expect((await me.get(base)).body).toEqual([])
  })
})

it('nothing opens by a token of five minutes ago, and what ended long ago is forgotten', async () => {
  await server.close()
  await api.close()
  let now = Date.now()
  await begin({ clock: { now: () => new Date(now), sleep: async () => {} } })
  const pty = await created()
  now += 299_000
  const line = await opened(pty.connect_path)
  const { body } = await me.post(`${base}/${pty.pty_id}/connect`)
  now += 300_000
  expect((await refused(body.connect_path)).status).toBe(401)
  line.socket.send(Buffer.from('exit\n'))
  await line.ended
  now += 599_000
  expect((await me.get(base)).body).toHaveLength(1)
  now += 1_000
  expect((await me.get(base)).body).toEqual([])
})
