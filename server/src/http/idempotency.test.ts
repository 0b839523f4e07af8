import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { DomainError } from '../errors.ts'
import { type Api, createApi } from '../testing/api.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { newPublicKey } from '../testing/world.ts'
import { forgetOldAnswers } from './idempotency.ts'
import { createWrite } from './write.ts'

const minute = 60_000
const day = 24 * 60 * 60_000

let api: Api
let me: Awaited<ReturnType<Api['client']>>
/** What the route `POST /api/gate/` does, in the transaction of its write. */
let behindGate: () => Promise<object>
let afterGate: (body: object) => Promise<object>
const clock = new ManualClock()

beforeEach(async () => {
  api = await createApi({ clock })
  const write = createWrite(api)
  behindGate = async () => ({ success: true })
  afterGate = async (body) => body
  api.app.post('/api/gate/', (c) =>
    write(c, async () => behindGate(), { afterCommit: (body) => afterGate(body) }),
  )
  me = await api.client()
})
afterEach(() => api.close())

const withKey = (key: string) => ({ 'Idempotency-Key': key })
const gate = (key = 'once', body: object = {}) => me.post('/api/gate/', body, withKey(key))
const keptAnswers = () => api.db.selectFrom('idempotency_keys').selectAll().execute()

describe('the same key with the same body', () => {
  it('answers what the first request answered, and does nothing more', async () => {
    const body = { name: 'laptop', public_key: newPublicKey() }
    const first = await me.post('/api/ssh-keys/', body, withKey('once'))
    const again = await me.post('/api/ssh-keys', body, withKey('once'))
    expect(first.status).toBe(200)
    expect(first.headers.get('Idempotency-Replayed')).toBeNull()
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect(again.headers.get('Idempotency-Replayed')).toBe('true')
    expect((await me.get('/api/ssh-keys/')).body.pagination.total_count).toBe(1)
  })

  it('works for DELETE too', async () => {
    const { body } = await me.post('/api/ssh-keys/', { name: 'a' })
    const remove = () => me.delete(`/api/ssh-keys/${body.ssh_key.id}/`, undefined, withKey('gone'))
    const first = await remove()
    expect(await remove()).toMatchObject({ status: 200, body: first.body })
  })

  it('has one effect among many at once', async () => {
    const body = { name: 'laptop', public_key: newPublicKey() }
    const replies = await Promise.all(
      Array.from({ length: 12 }, () => me.post('/api/ssh-keys/', body, withKey('once'))),
    )
    const codes = new Set(replies.map(({ body }) => body.error_code ?? body.ssh_key.id))
    expect(codes.delete('IDEMPOTENCY_KEY_IN_USE') ? codes.size : 1).toBe(1)
    expect((await me.get('/api/ssh-keys/')).body.pagination.total_count).toBe(1)
  })

  it('is refused while the first request is under way', async () => {
    const begun = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    behindGate = async () => {
      begun.resolve()
      await mayEnd.promise
      return { success: true }
    }
    const first = gate()
    await begun.promise
    const second = await gate()
    expect(second).toMatchObject({ status: 409, body: { error_code: 'IDEMPOTENCY_KEY_IN_USE' } })
    mayEnd.resolve()
    expect(await first).toMatchObject({ status: 200 })
  })

  it('does not show a secret a second time', async () => {
    const generate = () => me.post('/api/ssh-keys/', { name: 'made' }, withKey('once'))
    expect((await generate()).body.private_key).toContain('PRIVATE KEY')
    expect((await generate()).body.private_key).toBeNull()
    expect(JSON.stringify(await keptAnswers())).not.toContain('PRIVATE KEY')
  })

  it('is another request on another path, by another method, or of another account', async () => {
    const other = await api.client('Other')
    const { body } = await me.post('/api/ssh-keys/', { name: 'a' }, withKey('k'))
    const replies = [
      await gate('k'),
      await other.post('/api/gate/', {}, withKey('k')),
      await me.delete(`/api/ssh-keys/${body.ssh_key.id}/`, undefined, withKey('k')),
    ]
    for (const { status, headers } of replies) {
      expect(status).toBe(200)
      expect(headers.get('Idempotency-Replayed')).toBeNull()
    }
  })
})

it('refuses the same key with another body', async () => {
  await gate('once', { a: 1 })
  expect(await gate('once', { a: 2 })).toMatchObject({
    status: 422,
    body: { error_code: 'IDEMPOTENCY_KEY_REUSED' },
  })
})

it('refuses the same key with another query', async () => {
  expect((await me.post('/api/gate/?wait=1', {}, withKey('once'))).status).toBe(200)
  expectRefusal(
    await me.post('/api/gate/?wait=2', {}, withKey('once')),
    422,
    'IDEMPOTENCY_KEY_REUSED',
  )
})

it('tells nobody with other permissions what somebody else was answered', async () => {
  const body = { name: 'laptop', public_key: newPublicKey() }
  await me.post('/api/ssh-keys/', body, withKey('once'))
  const { key } = await api.person({ of: me.caller, role: 'member' })
  const asked = { key, body, headers: withKey('once') }
  expectRefusal(await api.send('POST', '/api/ssh-keys/', asked), 422, 'IDEMPOTENCY_KEY_REUSED')
})

it('keeps nothing of a request that failed, so that it can be tried again', async () => {
  behindGate = async () => {
    throw new Error('killed in the middle')
  }
  expect(await gate()).toMatchObject({ status: 500 })
  expect(await keptAnswers()).toEqual([])
  behindGate = async () => ({ success: true, second: true })
  const again = await gate()
  expect(again).toMatchObject({ status: 200, body: { second: true } })
  expect(again.headers.get('Idempotency-Replayed')).toBeNull()
})

describe('a route that waits after its commit', () => {
  it('replays the answer that it gave in the end', async () => {
    behindGate = async () => ({ status: 'CREATING' })
    afterGate = async () => ({ status: 'ACTIVE' })
    expect((await gate()).body).toEqual({ status: 'ACTIVE' })
    expect((await gate()).body).toEqual({ status: 'ACTIVE' })
  })

  it('refuses the same key while it waits', async () => {
    const waiting = Promise.withResolvers<void>()
    const mayEnd = Promise.withResolvers<void>()
    afterGate = async (body) => {
      waiting.resolve()
      await mayEnd.promise
      return body
    }
    const first = gate()
    await waiting.promise
    const meanwhile = await gate()
    mayEnd.resolve()
    await first
    expectRefusal(meanwhile, 409, 'IDEMPOTENCY_KEY_IN_USE')
    expect(await gate()).toMatchObject({ status: 200 })
  })

  it('that was killed while it waited answers what is true, a minute later', async () => {
    behindGate = async () => ({ status: 'CREATING' })
    const waiting = Promise.withResolvers<void>()
    afterGate = () => {
      waiting.resolve()
      return new Promise(() => {})
    }
    void gate()
    await waiting.promise
    afterGate = async (body) => ({ ...body, status: 'ACTIVE' })
    await clock.advance(minute - 1)
    expectRefusal(await gate(), 409, 'IDEMPOTENCY_KEY_IN_USE')
    await clock.advance(1)
    const resumed = await gate()
    expect(resumed).toMatchObject({ status: 200, body: { status: 'ACTIVE' } })
    expect(resumed.headers.get('Idempotency-Replayed')).toBe('true')
    afterGate = async () => ({ status: 'not asked again' })
    expect((await gate()).body).toEqual({ status: 'ACTIVE' })
  })

  it('keeps the answer that came, whatever became of a second request that waited too', async () => {
    const [inFirst, inSecond] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const [answered, refused] = [Promise.withResolvers<object>(), Promise.withResolvers<object>()]
    afterGate = () => {
      inFirst.resolve()
      return answered.promise
    }
    const first = gate()
    await inFirst.promise
    await clock.advance(minute)
    afterGate = () => {
      inSecond.resolve()
      return refused.promise
    }
    const second = gate()
    await inSecond.promise
    answered.resolve({ status: 'ACTIVE' })
    expect((await first).body).toEqual({ status: 'ACTIVE' })
    refused.reject(new DomainError('IDEMPOTENCY_KEY_IN_USE', 'It still runs'))
    expectRefusal(await second, 409, 'IDEMPOTENCY_KEY_IN_USE')
    afterGate = async () => ({ status: 'not asked again' })
    expect((await gate()).body).toEqual({ status: 'ACTIVE' })
  })

  it('keeps no success when what it waited for failed, and says so again', async () => {
    afterGate = async () => {
      throw new DomainError('UPSTREAM_ERROR', 'It did not start')
    }
    expectRefusal(await gate(), 502, 'UPSTREAM_ERROR', 'It did not start')
    expectRefusal(await gate(), 502, 'UPSTREAM_ERROR', 'It did not start')
  })

  it('answers what is committed when the database goes away meanwhile', async () => {
    behindGate = async () => ({ status: 'CREATING' })
    afterGate = async () => {
      throw new Error('Connection terminated unexpectedly')
    }
    expect(await gate()).toMatchObject({ status: 200, body: { status: 'CREATING' } })
    afterGate = async () => ({ status: 'ACTIVE' })
    await clock.advance(minute)
    expect((await gate()).body).toEqual({ status: 'ACTIVE' })
  })
})

describe('after 24 hours', () => {
  it('a key is new again', async () => {
    await gate('once', { a: 1 })
    await clock.advance(day + 1)
    const later = await gate('once', { a: 2 })
    expect(later.status).toBe(200)
    expect(later.headers.get('Idempotency-Replayed')).toBeNull()
  })

  it('answers are forgotten, and not before', async () => {
    await gate()
    await forgetOldAnswers(api.db, new Date(clock.now().getTime() + day - 1))
    expect(await keptAnswers()).toHaveLength(1)
    await forgetOldAnswers(api.db, new Date(clock.now().getTime() + day + 1))
    expect(await keptAnswers()).toHaveLength(0)
  })
})
