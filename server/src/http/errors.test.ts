import { ErrorResponse } from '@garrison/contract/common'
import { EngineError } from '@garrison/engines/engine'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DomainError, InvalidState, NotFound, NotSetUp, ValidationError } from '../errors.ts'
import { createWorld, type World } from '../testing/world.ts'
import { createApp } from './app.ts'
import { createMetrics } from './metrics.ts'
import { createOriginCheck } from './own-origin.ts'
import { createRateLimits } from './rate-limits.ts'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

/** What the world hears when a route throws this, and what the log does. */
async function thrown(error: unknown) {
  const logged: { message: string; fields: object | undefined }[] = []
  const app = createApp({
    db: world.db,
    accounts: world.services.accounts,
    limits: createRateLimits(world.config.limits),
    sessions: world.services.signIn.sessions,
    origins: createOriginCheck(world.config),
    trustedProxies: [],
    metrics: createMetrics(world.db),
    log: (level, message, fields) => {
      if (level === 'error') logged.push({ message, fields })
    },
  })
  app.get('/broken', () => {
    throw error
  })
  const response = await app.request('/broken')
  const body = ErrorResponse.parse(await response.json())
  return { status: response.status, headers: response.headers, body, logged }
}

it('logs nothing as broken that was never set up', async () => {
  const { status, logged } = await thrown(new NotSetUp('No payment provider is configured'))
  expect([status, logged]).toEqual([503, []])
})

it('gives each error of the domain its status and its words', async () => {
  expect(await thrown(new NotFound('Snapshot', 'BRK-123456S'))).toMatchObject({
    status: 404,
    body: {
      success: false,
      message: 'Snapshot BRK-123456S not found',
      error_code: 'NOT_FOUND',
      request_id: expect.stringMatching(/^[a-z0-9]{8}$/),
    },
    logged: [],
  })
  expect(await thrown(new InvalidState('instance', 'It is off'))).toMatchObject({ status: 400 })
  expect(await thrown(new DomainError('KEY_IN_USE', 'Used'))).toMatchObject({ status: 409 })
})

it('names the fields of a validation error, and only of one', async () => {
  const { body } = await thrown(new ValidationError({ name: ['Too long.'] }))
  expect(body).toMatchObject({ errors: { name: ['Too long.'] } })
  expect((await thrown(new NotFound('Image', '1'))).body).not.toHaveProperty('errors')
})

it('says to come back when the database is away', async () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const reply = await thrown(away)
  expect(reply).toMatchObject({ status: 503, body: { error_code: 'SERVICE_UNAVAILABLE' } })
  expect(Number(reply.headers.get('Retry-After'))).toBeGreaterThan(0)
  expect(reply.logged).toMatchObject([{ fields: { request_id: reply.body.request_id } }])
})

it('says to come back when an engine fails, and logs why', async () => {
  const error = new EngineError('qemu-img: no such file')
  const reply = await thrown(error)
  expect(reply).toMatchObject({ status: 503, body: { error_code: 'SERVICE_UNAVAILABLE' } })
  expect(JSON.stringify(reply.body)).not.toContain('qemu')
  expect(reply.logged).toMatchObject([{ fields: { error } }])
})

it('hides what is a bug of ours, and logs it under the request id', async () => {
  const error = new Error('relation "secret_table" does not exist', { cause: new Error('why') })
  const reply = await thrown(error)
  expect(reply).toMatchObject({ status: 500, body: { error_code: 'INTERNAL_ERROR' } })
  expect(JSON.stringify(reply.body)).not.toContain('secret_table')
  expect(reply.logged).toMatchObject([{ fields: { error, request_id: reply.body.request_id } }])
})
