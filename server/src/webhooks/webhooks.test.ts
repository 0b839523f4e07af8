/** Webhooks against receivers that listen: what arrives, what is tried again, and where nothing goes. */
import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { webhooksPerAccount } from '@garrison/contract/webhooks/routes'
import { Webhook as Verifier } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { recordEvent } from '../events/outbox.ts'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { type Address, createTargets } from './targets.ts'
import { startDelivering } from './worker.ts'

const hourMs = 3_600_000
const here = { allow_http: false, allow_networks: ['127.0.0.0/8'] }

/** Longer than the default: other tests run beside this one. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 9_000, interval: 20 })

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let cleanup: AsyncDisposableStack
/** How far the clock is ahead of the host's, by which signatures are judged. */
let aheadMs: number
const clock = {
  now: () => new Date(Date.now() + aheadMs),
  sleep: systemClock.sleep,
}

beforeEach(async () => {
  cleanup = new AsyncDisposableStack()
  aheadMs = 0
  api = await createApi({ clock, config: { webhooks: here } })
  cleanup.defer(() => api.close())
  me = await api.client()
})
afterEach(() => cleanup.disposeAsync())

type Received = { headers: Record<string, string>; body: string; url: string }
type Reply = (response: ServerResponse, count: number) => void

/** Listens, answers as told, and keeps what came. */
async function receiver(reply: Reply = (response) => response.writeHead(204).end()) {
  const received: Received[] = []
  const waiting: (() => void)[] = []
  const server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const { headers, url = '' } = request
    received.push({ headers: headers as Record<string, string>, body, url })
    for (const wake of waiting.splice(0)) wake()
    reply(response, received.length)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.defer(async () => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    received,
    port,
    url: `http://127.0.0.1:${port}/hook`,
    async arrived(count: number): Promise<readonly Received[]> {
      while (received.length < count) await new Promise<void>((resolve) => waiting.push(resolve))
      return received
    },
  }
}

async function deliver(targets = createTargets(here), answerWithinMs?: number) {
  const { db, listener, log } = api
  const worker = await startDelivering({
    ...{ db, clock, targets, listener, log },
    ...(answerWithinMs !== undefined && { answerWithinMs }),
  })
  cleanup.defer(() => worker.close())
  return worker
}

/** Places events and begins to send. */
async function start(targets = createTargets(here), answerWithinMs?: number) {
  const worker = await deliver(targets, answerWithinMs)
  const { db, listener, log, services } = api
  const feed = await services.events.feed.start({
    ...{ db, listener, log, placed: services.webhooks.enqueue, told: worker.poke },
  })
  cleanup.defer(() => feed.close())
  return worker
}

const happen = (name: string, accountId: string | null = me.caller.accountId) =>
  api.change((tx) =>
    recordEvent(
      tx,
      { accountId, kind: 'script.created', subjectKind: 'script', subjectId: name, data: { name } },
      clock.now(),
    ),
  )

async function hook(url: string, patterns = ['script.*'], client = me) {
  const { body } = await client.post('/api/webhooks/', { url, event_patterns: patterns })
  const path = `/api/webhooks/${body.webhook.id}/`
  return {
    ...{ id: body.webhook.id as string, secret: body.secret as string, path },
    get: async () => (await client.get(path)).body.webhook,
    deliveries: async () => (await client.get(`${path}deliveries/`)).body.deliveries,
  }
}
const verify = (secret: string, { body, headers }: Received) =>
  new Verifier(secret).verify(body, headers)
const status = (target: Awaited<ReturnType<typeof hook>>) =>
  eventually(async () => (await target.deliveries())[0]?.status)

describe('an event', () => {
  it('arrives signed as the convention says, as the list shows it, and is logged', async () => {
    await start()
    const there = await receiver((response) => response.writeHead(200).end('thank you'))
    const target = await hook(there.url)
    await happen('one')
    const [came] = await there.arrived(1)
    if (came === undefined) throw new Error('nothing came')
    const { events } = (await me.get('/api/events/?subject=one')).body
    const type = 'script.created'
    expect(verify(target.secret, came)).toEqual({
      ...{ type, timestamp: events[0].created_at, data: events[0] },
    })
    expect(came.headers['content-type']).toBe('application/json')
    expect(() =>
      verify(target.secret, { ...came, body: came.body.replace('one', 'two') }),
    ).toThrow()
    await status(target).toBe('success')
    const message_id = came.headers['webhook-id']
    expect(await target.deliveries()).toMatchObject([
      {
        ...{ webhook_id: target.id, message_id, event_kind: type, event_id: events[0].id },
        attempts: [{ status_code: 200, answer: 'thank you', error: null }],
      },
    ])
  })

  it('goes to those who want it, of its account, or of all when it concerns everybody', async () => {
    await start()
    const stranger = await api.client('Stranger')
    const [all, others, theirs] = [await receiver(), await receiver(), await receiver()]
    await hook(all.url, ['*'])
    await hook(others.url, ['instance.*', 'script.deleted'])
    await hook(theirs.url, ['script.*'], stranger)
    await happen('mine')
    await happen('everybody', null)
    const told = (await theirs.arrived(1)).map(({ body }) => JSON.parse(body).data.subject.id)
    expect(told).toEqual(['everybody'])
    await eventually(() =>
      all.received.map(({ body }) => JSON.parse(body).data.subject.id),
    ).toEqual(expect.arrayContaining(['mine', 'everybody']))
    expect(others.received).toEqual([])
  })

  it('is sent by one of several workers, once', async () => {
    await start()
    for (let n = 0; n < 3; n++) await deliver()
    const there = await receiver()
    const target = await hook(there.url)
    await api.change(async (tx) => {
      for (let n = 0; n < 40; n++) {
        const subject = { subjectKind: 'script', subjectId: `n${n}`, data: { name: 'x' } }
        const event = {
          accountId: me.caller.accountId,
          kind: 'script.created',
          ...subject,
        } as const
        await recordEvent(tx, event, clock.now())
      }
    })
    const came = await there.arrived(40)
    await eventually(
      async () => (await me.get(`${target.path}deliveries/?status=success`)).body.pagination,
    ).toMatchObject({ total_count: 40 })
    expect(new Set(came.map(({ headers }) => headers['webhook-id'])).size).toBe(40)
    expect(came).toHaveLength(40)
  })

  it('arrives once more, under the same id, when its sender is killed in the middle', async () => {
    // The first is never answered: its sender dies while it waits.
    const there = await receiver((response, count) => {
      if (count > 1) response.writeHead(204).end()
    })
    const target = await hook(there.url)
    const script = fileURLToPath(new URL('../testing/mortal-deliverer.ts', import.meta.url))
    const child = spawn(process.execPath, [script, JSON.stringify(api.connection)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    cleanup.defer(async () => void child.kill('SIGKILL'))
    await me.post(`${target.path}test/`)
    const [first] = await there.arrived(1)
    const dead = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await dead
    expect(await target.deliveries()).toMatchObject([{ status: 'pending', attempts: [] }])
    // While its lease lasts nobody else takes it.
    const worker = await deliver()
    aheadMs = 50_000
    worker.poke()
    expect(there.received).toHaveLength(1)
    aheadMs = 70_000
    worker.poke()
    const [, second] = await there.arrived(2)
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
    expect(second?.body).toBe(first?.body)
    await status(target).toBe('success')
  })
})

describe('a receiver that fails', () => {
  it('is tried again later, with the same message, until it answers', async () => {
    const worker = await start()
    const there = await receiver((response, count) =>
      response.writeHead(count < 3 ? 500 : 204).end(),
    )
    const target = await hook(there.url)
    await happen('one')
    await eventually(async () => (await target.deliveries())[0]?.attempts.length).toBe(1)
    expect((await target.get()).failing_since).not.toBeNull()
    for (const laterMs of [7_000, 90_000]) {
      aheadMs += laterMs
      worker.poke()
      const count = there.received.length + 1
      await there.arrived(count)
      await eventually(async () => (await target.deliveries())[0]?.attempts.length).toBe(count)
    }
    const [delivery] = await target.deliveries()
    expect(delivery).toMatchObject({ status: 'success', next_attempt_at: null })
    expect(delivery.attempts.map(({ error }: { error: string | null }) => error)).toEqual([
      'It answered 500',
      'It answered 500',
      null,
    ])
    expect(new Set(there.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect((await target.get()).failing_since).toBeNull()
  })

  it('by never answering is given up in time, and holds up no other', async () => {
    await start(createTargets(here), 300)
    const [silent, well] = [await receiver(() => {}), await receiver()]
    const [bad, good] = [await hook(silent.url), await hook(well.url)]
    for (let n = 0; n < 8; n++) await happen(`n${n}`)
    await well.arrived(8)
    await eventually(async () => (await bad.deliveries()).at(-1)?.attempts[0]?.error).toBe(
      'It did not answer within 0.3 s',
    )
    await status(good).toBe('success')
  })

  it('by answering without end is read a little of', async () => {
    await start()
    const there = await receiver((response) => {
      response.writeHead(200)
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', pour)
      pour()
    })
    const target = await hook(there.url)
    await happen('one')
    await status(target).toBe('success')
    expect((await target.deliveries())[0].attempts[0].answer).toBe('x'.repeat(1_024))
  })

  it('by sending elsewhere is not followed', async () => {
    await start()
    const inside = await receiver()
    const there = await receiver((response) =>
      response.writeHead(307, { Location: inside.url.replace('127.0.0.1', 'localhost') }).end(),
    )
    const target = await hook(there.url)
    await happen('one')
    await eventually(async () => (await target.deliveries())[0]?.attempts[0]).toMatchObject({
      status_code: 307,
      error: 'It answered 307; redirects are not followed',
    })
    expect(inside.received).toEqual([])
  })

  it('for days is switched off, by event and mail; switched on, it begins anew', async () => {
    await api.change((tx) =>
      tx
        .insertInto('people')
        .values({
          id: crypto.randomUUID(),
          ...{ account_id: me.caller.accountId, email: 'ada@example.org', role: 'owner' },
          ...{ invited_at: null, joined_at: clock.now(), removed_at: null, auth_user_id: null },
          ...{ invitation_hash: null, invitation_expires_at: null, created_at: clock.now() },
        })
        .execute(),
    )
    const worker = await start()
    let well = false
    const there = await receiver((response) => response.writeHead(well ? 204 : 503).end())
    const target = await hook(there.url)
    await happen('one')
    await eventually(async () => (await target.deliveries())[0]?.attempts.length).toBe(1)
    aheadMs += 5 * 24 * hourMs
    worker.poke()
    await eventually(async () => (await target.get()).enabled).toBe(false)
    expect((await target.get()).disabled_reason).toMatch(/5 days; last: It answered 503/)
    await status(target).toBe('failed')
    await eventually(
      async () => (await me.get('/api/events/?kinds=webhook.disabled')).body.events,
    ).toMatchObject([{ subject: { kind: 'webhook', id: target.id } }])
    const mails = await api.db.selectFrom('mails').selectAll().execute()
    const subject = expect.stringContaining('switched off')
    expect(mails).toMatchObject([{ recipient: 'ada@example.org', subject }])

    await happen('missed')
    await eventually(
      async () => (await me.get('/api/events/?kinds=script.created')).body.events,
    ).toMatchObject([{ subject: { id: 'one' } }, { subject: { id: 'missed' } }])
    expectRefusal(await me.post(`${target.path}test/`), 400, 'VALIDATION_ERROR', /switch it on/)
    well = true
    const { body } = await me.patch(target.path, { enabled: true })
    expect(body.webhook).toMatchObject({
      enabled: true,
      disabled_reason: null,
      failing_since: null,
    })
    const [old] = await target.deliveries()
    expect((await me.post(`/api/webhook-deliveries/${old.id}/replay/`)).status).toBe(200)
    await status(target).toBe('success')
    const ids = there.received.map(({ headers }) => headers['webhook-id'])
    expect(new Set(ids)).toEqual(new Set([old.message_id]))
  })

  it('by being gone is switched off at once', async () => {
    await start()
    const there = await receiver((response) => response.writeHead(410).end())
    const target = await hook(there.url)
    await happen('one')
    await eventually(async () => (await target.get()).enabled).toBe(false)
  })
})

describe('a target inside', () => {
  it('is refused when the webhook is made', async () => {
    const before = await footprint(api)
    for (const url of [
      'https://10.0.0.1/',
      'https://169.254.169.254/latest/meta-data/',
      'https://[::1]/',
      'https://[::ffff:10.0.0.1]/',
      'http://93.184.215.14/',
      'ftp://example.com/',
      'https://user:password@example.com/',
      'nothing',
    ]) {
      const reply = await me.post('/api/webhooks/', { url, event_patterns: ['*'] })
      expect(Object.keys(expectRefusal(reply, 400, 'VALIDATION_ERROR'))).toEqual(['url'])
    }
    expect(await footprint(api)).toEqual(before)
  })

  it('is not reached by a name that resolves to it later', async () => {
    const inside = await receiver()
    const outside: Address = { address: '93.184.215.14', family: 4 }
    let answers: Address[] = [outside]
    const rules = { allow_http: true, allow_networks: [] }
    const targets = createTargets(rules, async () => answers)
    expect(await targets.check(`http://rebound.example:${inside.port}/`)).toEqual([outside])
    const target = await hook(inside.url)
    const url = `http://rebound.example:${inside.port}/`
    await api.db.updateTable('webhooks').set({ url }).execute()
    answers = [{ address: '127.0.0.1', family: 4 }]
    await start(targets)
    await happen('one')
    await eventually(async () => (await target.deliveries())[0]?.attempts[0]?.error).toMatch(
      /rebound.example is not on the public internet/,
    )
    expect(inside.received).toEqual([])
  })

  it('is connected to at the address that was looked at, whatever the name says next', async () => {
    const there = await receiver()
    let asked = 0
    const targets = createTargets(here, async () => {
      asked++
      return [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]
    })
    const target = await hook(there.url)
    const url = `http://rebound.example:${there.port}/`
    await api.db.updateTable('webhooks').set({ url }).execute()
    await start(targets)
    await happen('one')
    const [came] = await there.arrived(1)
    expect(came?.headers.host).toBe(`rebound.example:${there.port}`)
    expect(asked).toBe(1)
    await status(target).toBe('success')
  })
})

describe('a secret', () => {
  it('is shown once, and its successor signs beside it for a day', async () => {
    await start()
    const there = await receiver()
    const headers = { 'Idempotency-Key': 'once' }
    const wanted = { url: there.url, event_patterns: ['script.*'] }
    const made = await me.post('/api/webhooks/', wanted, headers)
    expect(made.body.secret).toMatch(/^whsec_/)
    expect((await me.post('/api/webhooks/', wanted, headers)).body.secret).toBeNull()
    const path = `/api/webhooks/${made.body.webhook.id}/`
    expect(JSON.stringify((await me.get(path)).body)).not.toMatch(/whsec|secret":/)
    const { secret } = (await me.post(`${path}rotate-secret/`)).body
    await happen('one')
    const [both] = await there.arrived(1)
    if (both === undefined) throw new Error('nothing came')
    verify(made.body.secret, both)
    verify(secret, both)
    aheadMs = 25 * hourMs
    await happen('two')
    const [, one] = await there.arrived(2)
    expect(one?.headers['webhook-signature']?.split(' ')).toHaveLength(1)
    expect((await me.get(path)).body.webhook.old_secret_until).toBeNull()
    const said = JSON.stringify([
      await api.db.selectFrom('events').selectAll().execute(),
      await api.db.selectFrom('audit_log').selectAll().execute(),
      await api.db.selectFrom('idempotency_keys').selectAll().execute(),
    ])
    expect(said).not.toContain(secret.slice(6))
  })
})

describe('a webhook', () => {
  it('without an address or with patterns that are none is a 400', async () => {
    const wrong: [object, string][] = [
      [{ event_patterns: [] }, 'event_patterns'],
      [{ event_patterns: ['nothing.*'] }, 'event_patterns.0'],
      [{ event_patterns: ['*', '*'] }, 'event_patterns'],
      [{ url: undefined }, 'url'],
    ]
    const url = 'https://93.184.215.14/'
    for (const [change, field] of wrong) {
      const reply = await me.post('/api/webhooks/', { url, event_patterns: ['*'], ...change })
      expect(Object.keys(expectRefusal(reply, 400, 'VALIDATION_ERROR'))[0]).toBe(field)
    }
  })

  it("is seen and changed by nobody else's key, and by no mere member", async () => {
    const target = await hook('https://93.184.215.14/')
    const { body } = await me.post(`${target.path}test/`)
    const replay = `/api/webhook-deliveries/${body.delivery.id}/replay/`
    const stranger = await api.client('Stranger')
    for (const reply of [
      await stranger.get(target.path),
      await stranger.patch(target.path, { enabled: false }),
      await stranger.delete(target.path),
      await stranger.post(`${target.path}test/`),
      await stranger.post(`${target.path}rotate-secret/`),
      await stranger.get(`${target.path}deliveries/`),
      await stranger.post(replay),
      await me.post('/api/webhook-deliveries/nonsense/replay/'),
    ])
      expectRefusal(reply, 404, 'NOT_FOUND')
    expect((await stranger.get('/api/webhooks/')).body.webhooks).toEqual([])
    await api.db
      .updateTable('api_keys')
      .set({ role: 'member' } as never)
      .execute()
    api.services.accounts.forgetKeys()
    for (const reply of [
      await me.patch(target.path, { enabled: false }),
      await me.delete(target.path),
      await me.post(replay),
    ])
      expectRefusal(reply, 403, 'PERMISSION_DENIED', /owners/)
    expect((await me.get(target.path)).status).toBe(200)
  })

  it('is one too many after the limit', async () => {
    await hook('https://93.184.215.14/')
    await api.db
      .updateTable('counters')
      .set({ value: webhooksPerAccount })
      .where('account_id', '=', me.caller.accountId)
      .where('kind', '=', 'webhooks')
      .execute()
    const more = { url: 'https://93.184.215.14/', event_patterns: ['*'] }
    const reply = await me.post('/api/webhooks/', more)
    expectRefusal(reply, 403, 'LIMIT_EXCEEDED', String(webhooksPerAccount))
  })

  it('that is deleted takes along what was still to be sent', async () => {
    const target = await hook('https://93.184.215.14/')
    await me.post(`${target.path}test/`)
    expect((await me.delete(target.path)).body.webhook_id).toBe(target.id)
    expect(await api.db.selectFrom('webhook_deliveries').selectAll().execute()).toEqual([])
    const kinds = (await api.db.selectFrom('events').selectAll().orderBy('id').execute())
      .filter(({ subject_kind }) => subject_kind === 'webhook')
      .map(({ kind }) => kind)
    expect(kinds).toEqual(['webhook.created', 'webhook.deleted'])
  })

  it('forgets what ended long ago', async () => {
    await start()
    const there = await receiver()
    const target = await hook(there.url)
    await happen('one')
    await status(target).toBe('success')
    aheadMs = 31 * 24 * hourMs
    await api.services.webhooks.forget(api.db)
    expect(await target.deliveries()).toEqual([])
  })
})
