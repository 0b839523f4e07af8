/** What this dialect shows of the account: the same things as the other API, in the shapes of its clients. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let stranger: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  const webhooks = { allow_http: false, allow_networks: ['127.0.0.0/8'] }
  api = await createApi({ config: { webhooks } })
  me = await api.client('Me')
  stranger = await api.client('Stranger')
})
afterEach(() => api.close())

const line = (letter: string) =>
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${letter.repeat(42)}A me@laptop`

describe('SSH keys', () => {
  it('are those of the other API, with a name when none was given', async () => {
    const made = await me.post('/v1/ssh-keys', { public_key: line('B'), name: 'laptop' })
    expect(made).toMatchObject({
      status: 200,
      body: { name: 'laptop', fingerprint: expect.stringMatching(/^SHA256:/) },
    })
    const nameless = await me.post('/v1/ssh-keys/', { public_key: line('C') })
    expect(nameless.body.name).toMatch(/^key-[0-9a-f]{8}$/)
    const list = await me.get('/v1/ssh-keys')
    expect(list.body).toEqual([nameless.body, made.body])
    const { body: theirs } = await me.get('/api/ssh-keys/')
    expect(theirs.ssh_keys.map((key: { id: string }) => key.id)).toEqual(
      list.body.map((key: { id: string }) => key.id),
    )
    expect(await me.post('/v1/ssh-keys', { public_key: line('B') })).toMatchObject({ status: 409 })
    expect(await me.post('/v1/ssh-keys', { public_key: 'no key' })).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'public_key'] }] },
    })
  })

  it('of others are neither seen nor deleted', async () => {
    const { body: key } = await me.post('/v1/ssh-keys', { public_key: line('B') })
    expect((await stranger.get('/v1/ssh-keys')).body).toEqual([])
    expect((await stranger.delete(`/v1/ssh-keys/${key.id}`)).status).toBe(404)
    expect((await me.delete(`/v1/ssh-keys/${key.id}`)).body).toMatchObject({ deleted: true })
    expect((await me.get('/v1/ssh-keys')).body).toEqual([])
  })
})

describe('API keys', () => {
  it('are made, work, are renamed and are revoked', async () => {
    const again = { 'Idempotency-Key': 'a' }
    const made = await me.post('/v1/api-keys/', { description: 'ci' }, again)
    expect(made).toMatchObject({ status: 200, body: { description: 'ci', access: 'full' } })
    const replayed = await me.post('/v1/api-keys/', { description: 'ci' }, again)
    expect(replayed.body).toEqual({ ...made.body, key: null })
    const { key, ...shown } = made.body
    const one = `/v1/api-keys/${shown.id}`
    expect((await api.send('GET', one, { key })).body).toMatchObject({
      id: shown.id,
      current: true,
    })
    expect((await me.patch(one, { description: 'ci-2' })).body.description).toBe('ci-2')
    expect((await me.get('/v1/api-keys')).body).toHaveLength(2)
    expect((await me.delete(one)).body).toMatchObject({ id: shown.id, deleted: true })
    expect((await api.send('GET', one, { key })).status).toBe(401)
    expect((await me.get(one)).status).toBe(404)
  })

  it('of others are not found, and fields that are not there are refused', async () => {
    const { body: key } = await me.post('/v1/api-keys', {})
    expect(key.description).toMatch(/^key-/)
    const one = `/v1/api-keys/${key.id}`
    for (const ask of [stranger.get, stranger.delete]) expect((await ask(one)).status).toBe(404)
    expect((await stranger.patch(one, { description: 'mine' })).status).toBe(404)
    expect((await me.post('/v1/api-keys', { scopes: ['x'] })).body.detail[0].loc).toEqual([
      'body',
      'scopes',
    ])
    expect((await me.patch(one, { description: ' x' })).status).toBe(422)
  })
})

describe('the audit log', () => {
  it('lists, counts and shows what was done, and nothing of others', async () => {
    await stranger.post('/v1/ssh-keys', { public_key: line('B') })
    await me.post('/v1/ssh-keys', { public_key: line('B'), name: 'laptop' })
    const { body: events } = await me.get('/v1/audit/events?action=ssh-key.&limit=5')
    expect(events).toMatchObject([
      {
        ...{ action: 'ssh-key.create', status: 'success', resource_type: 'ssh-key' },
        actor: { api_key: 'test' },
      },
    ])
    const [event] = events
    expect((await me.get(`/v1/audit/events/${event.id}`)).body).toEqual(event)
    expect((await stranger.get(`/v1/audit/events/${event.id}`)).status).toBe(404)
    expect((await me.get(`/v1/audit/events?resource_id=${event.resource_id}`)).body).toEqual(events)
    expect((await me.get('/v1/audit/events?status=failure')).body).toEqual([])
    expect((await me.get('/v1/audit/catalog')).body).toContainEqual({
      ...{ action: 'ssh-key.create', resource_type: 'ssh-key', count: 1 },
      last_at: event.created_at,
    })
  })

  it.each(['limit=0', 'limit=1001', 'status=x', 'offset=-1'])('refuses ?%s', async (query) => {
    expect((await me.get(`/v1/audit/events?${query}`)).status).toBe(422)
  })
})

it('who is asking, and what they have left', async () => {
  const { body: account } = await me.get('/api/account/')
  expect((await me.get('/v1/whoami')).body).toMatchObject({ id: account.account.id, role: 'owner' })
  const { body } = await me.get('/v1/credits/summary')
  expect(body).toMatchObject({ billing_mode: expect.any(String), currency: me.caller.currency })
})

describe('webhooks', () => {
  const url = 'https://127.0.0.1/hook'
  const endpoints = '/v1/webhooks/endpoints'
  const event_patterns = ['vm.*', 'snapshot.ready', 'instance-snapshot.success', 'instance.active']

  it('have names of events of this dialect, which mean the same in the other', async () => {
    const made = await me.post(endpoints, { url, event_patterns })
    expect(made).toMatchObject({ status: 200, body: { event_patterns } })
    expect(made.body.secret).toMatch(/^whsec_/)
    const there = await me.get(`/api/webhooks/${made.body.id}/`)
    expect(there.body.webhook.event_patterns).toEqual([
      ...['microvm.*', 'microvm-snapshot.ready', 'snapshot.success', 'instance.active'],
    ])
    const { secret: _, ...shown } = made.body
    expect((await me.get(endpoints)).body).toEqual([shown])
    expect((await me.get(`${endpoints}/${shown.id}`)).body).toEqual(shown)
    const all = await me.patch(`${endpoints}/${shown.id}`, { event_patterns: ['*'], url: null })
    expect(all.body).toMatchObject({ event_patterns: ['*'], url })
    const rotated = await me.post(`${endpoints}/${shown.id}/rotate-secret`)
    expect(rotated.body.secret).not.toBe(made.body.secret)
    expect((await me.delete(`${endpoints}/${shown.id}`)).status).toBe(200)
    expect((await me.get(endpoints)).body).toEqual([])
  })

  it('are tested, verified, and sent again what was sent', async () => {
    const { body: endpoint } = await me.post(endpoints, { url, event_patterns: ['vm.*'] })
    const one = `${endpoints}/${endpoint.id}`
    const { body: tested } = await me.post(`${one}/test`)
    expect(tested).toMatchObject({ endpoint_id: endpoint.id, status: 'pending' })
    expect((await me.post(`${one}/verify`)).body.verified).toBe(false)
    const finished_at = new Date()
    const ended = { finished_at, next_attempt_at: null }
    const set = (id: string, status: 'failed' | 'success') =>
      api.db
        .updateTable('webhook_deliveries')
        .set({ ...ended, status })
        .where('id', '=', id)
        .execute()
    await set(tested.id, 'success')
    const { body: verified } = await me.post(`${one}/verify`)
    expect(verified.verified).toBe(true)

    await set(verified.delivery.id, 'failed')
    const { body: failed } = await me.get('/v1/webhooks/deliveries?status=failed')
    expect(failed).toMatchObject([{ id: verified.delivery.id, endpoint_id: endpoint.id }])
    const replayed = await me.post(`/v1/webhooks/deliveries/${tested.id}/replay`)
    expect(replayed.body.message_id).toBe(tested.message_id)
    const again = await me.post('/v1/webhooks/resend', { endpoint_id: endpoint.id })
    expect(again.body).toMatchObject({
      resent: 1,
      deliveries: [{ message_id: verified.delivery.message_id, status: 'pending' }],
    })
    const named = await me.post('/v1/webhooks/resend', { delivery_ids: [tested.id, tested.id] })
    expect(named.body.resent).toBe(1)
    const list = await me.get(`/v1/webhooks/deliveries?endpoint_id=${endpoint.id}&limit=3`)
    expect(list.body).toHaveLength(3)
  })

  it('of others are not found', async () => {
    const { body: endpoint } = await me.post(endpoints, { url, event_patterns: ['*'] })
    const one = `${endpoints}/${endpoint.id}`
    const { body: tested } = await me.post(`${one}/test`)
    expect((await stranger.get(endpoints)).body).toEqual([])
    expect((await stranger.get('/v1/webhooks/deliveries')).body).toEqual([])
    const asks = await Promise.all([
      stranger.get(one),
      stranger.patch(one, { enabled: false }),
      stranger.delete(one),
      ...['verify', 'test', 'rotate-secret'].map((verb) => stranger.post(`${one}/${verb}`)),
      stranger.get(`/v1/webhooks/deliveries?endpoint_id=${endpoint.id}`),
      stranger.post(`/v1/webhooks/deliveries/${tested.id}/replay`),
      stranger.post('/v1/webhooks/resend', { delivery_ids: [tested.id] }),
      stranger.post('/v1/webhooks/resend', { endpoint_id: endpoint.id }),
    ])
    expect(asks.map(({ status }) => status)).toEqual(asks.map(() => 404))
  })

  it.each([
    ['an address inside', { url: 'https://10.0.0.1/', event_patterns: ['*'] }, 'url'],
    ['an address that is none', { url: 'x', event_patterns: ['*'] }, 'url'],
    ['an event that there is not', { url, event_patterns: ['vm.melted'] }, 'event_patterns'],
    ['a full name', { url, event_patterns: ['microvm.*'] }, 'event_patterns'],
    ['no events', { url, event_patterns: [] }, 'event_patterns'],
    ['a secret of their own', { url, event_patterns: ['*'], secret: 'x' }, 'secret'],
  ])('refuse %s', async (_, body, field) => {
    const reply = await me.post(endpoints, body)
    expect(reply.status).toBe(422)
    expect(reply.body.detail[0].loc.slice(0, 2)).toEqual(['body', field])
    expect((await me.get(endpoints)).body).toEqual([])
  })
})
