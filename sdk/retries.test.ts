/** Against a server that answers what each test tells it. */
import { describe, expect, it } from 'vitest'
import {
  ConnectionError,
  Garrison,
  type GarrisonOptions,
  InsufficientCapacity,
  InvalidState,
  RateLimited,
  ServerError,
  TimeoutError,
  ValidationError,
} from './index.ts'

type Answer = Response | Error | 'silence'

const refused = (status: number, error_code: string, headers: Record<string, string> = {}) =>
  Response.json(
    { success: false, message: `told: ${error_code}`, error_code, request_id: 'a1b2c3d4' },
    { status, headers },
  )
/** Of the API of microVMs: a rate limit, or no room. */
const tooMany = (code?: string) => () =>
  Response.json(
    { detail: 'Not now' },
    {
      status: 429,
      headers: { 'Retry-After': '0', ...(code && { 'Garrison-Error-Code': code }) },
    },
  )
const good = () => Response.json({ success: true })
const broken = () =>
  Object.assign(new TypeError('fetch failed'), { cause: new Error('ECONNRESET') })

function against(answers: Answer[], options: Partial<GarrisonOptions> = {}) {
  const requests: Request[] = []
  const garrison = new Garrison({
    url: 'http://cloud.test',
    key: 'brk_test',
    retryDelayMs: 1,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      requests.push(request)
      const answer = answers.shift()
      if (answer instanceof Response) return answer
      if (answer instanceof Error) throw answer
      return new Promise((_, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason))
      })
    },
    ...options,
  })
  return { garrison, requests }
}

describe('tries again', () => {
  it.each([
    ['a connection that breaks', broken()],
    ['503', refused(503, 'SERVICE_UNAVAILABLE', { 'Retry-After': '0' })],
    ['504 from a proxy', new Response('<html>', { status: 504 })],
    ['502 from a proxy', new Response('Bad gateway', { status: 502 })],
    ['429', refused(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '0' })],
  ])('after %s', async (_, answer) => {
    const { garrison, requests } = against([answer, good()])
    await garrison.instances.stop('BRK-100200D')
    expect(requests).toHaveLength(2)
  })

  it('after the rate limit of the API of microVMs, also a change without a key', async () => {
    const { garrison, requests } = against([tooMany('RATE_LIMIT_EXCEEDED')(), good()])
    await garrison.request('POST', '/v1/vms', { body: {} })
    expect(requests).toHaveLength(2)
  })

  it('a change with the same key, so that it is done once', async () => {
    const { garrison, requests } = against([broken(), broken(), good(), good()])
    await garrison.instances.stop('BRK-100200D')
    const keys = requests.map(({ headers }) => headers.get('idempotency-key'))
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/)
    await garrison.instances.stop('BRK-100200D')
    expect(requests[3]?.headers.get('idempotency-key')).not.toBe(keys[0])
  })

  it('while an attempt that seemed lost is still at work', async () => {
    const { garrison } = against([broken(), refused(409, 'IDEMPOTENCY_KEY_IN_USE'), good()])
    await expect(garrison.instances.stop('BRK-100200D')).resolves.toEqual({ success: true })
  })

  it('as late as the server says', async () => {
    const { garrison } = against([
      refused(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '0.2' }),
      good(),
    ])
    const before = performance.now()
    await garrison.regions.list()
    expect(performance.now() - before).toBeGreaterThan(190)
  })
})

describe('does not try again', () => {
  it('what was refused for a reason', async () => {
    const { garrison, requests } = against([refused(400, 'INVALID_INSTANCE_STATE')])
    await expect(garrison.instances.stop('BRK-100200D')).rejects.toThrow(InvalidState)
    expect(requests).toHaveLength(1)
  })

  it('what Garrison itself answers with 502: it is the outcome', async () => {
    const { garrison, requests } = against([refused(502, 'UPSTREAM_ERROR')])
    const restored = garrison.snapshots.restore('BRK-123456S', { new_vm_name: 'web-2' })
    await expect(restored).rejects.toThrow(ServerError)
    expect(requests).toHaveLength(1)
  })

  it('what the API of microVMs answers with 502, which has no codes', async () => {
    const told = Response.json(
      { detail: 'VM vm_1 could not be resumed: no memory' },
      { status: 502 },
    )
    const { garrison, requests } = against([told, good()])
    const options = { idempotencyKey: 'once' }
    await expect(garrison.request('POST', '/v1/vms/vm_1/resume', options)).rejects.toThrow(
      ServerError,
    )
    expect(requests).toHaveLength(1)
  })

  it('a start that found no room: it has begun and failed, and each would leave another', async () => {
    const full = tooMany('INSUFFICIENT_CAPACITY')
    for (const options of [{}, { idempotencyKey: 'once' }]) {
      const { garrison, requests } = against([full(), good()])
      const started = garrison.request('POST', '/v1/vms', { body: {}, ...options })
      await expect(started).rejects.toThrow(InsufficientCapacity)
      expect(requests).toHaveLength(1)
    }
    const { garrison, requests } = against([full(), good()])
    await garrison.request('GET', '/v1/vms')
    expect(requests).toHaveLength(2)
  })

  it('a change of a microVM that was refused without saying why: it may have begun', async () => {
    const { garrison, requests } = against([tooMany()(), good()])
    const started = garrison.request('POST', '/v1/vms', { body: {}, idempotencyKey: 'once' })
    await expect(started).rejects.toThrow(RateLimited)
    expect(requests).toHaveLength(1)
  })

  it('a change that the server would not know again', async () => {
    const { garrison, requests } = against([broken()])
    await expect(garrison.request('POST', '/api/other/', { body: {} })).rejects.toThrow(
      'Cannot reach http://cloud.test: ECONNRESET',
    )
    expect(requests).toHaveLength(1)
  })

  it('for ever', async () => {
    const answers = Array.from({ length: 9 }, () =>
      refused(429, 'RATE_LIMIT_EXCEEDED', { 'Retry-After': '0' }),
    )
    const { garrison, requests } = against(answers, { retries: 2 })
    await expect(garrison.regions.list()).rejects.toThrow(RateLimited)
    expect(requests).toHaveLength(3)
  })
})

it('gives up an attempt without an answer in time', async () => {
  const { garrison } = against(['silence'], { timeoutMs: 20, retries: 0 })
  await expect(garrison.regions.list()).rejects.toThrow(TimeoutError)
  await expect(garrison.regions.list()).rejects.toThrow(
    'No answer from http://cloud.test within 0.02 s',
  )
})

it('gives up at once when it is told to, also between attempts', async () => {
  const { garrison, requests } = against([broken(), 'silence'], { retryDelayMs: 60_000 })
  const control = new AbortController()
  const listed = garrison.regions.list({}, { signal: control.signal })
  await expect.poll(() => requests.length).toBe(1)
  control.abort(new Error('enough'))
  await expect(listed).rejects.toThrow('enough')
  expect(requests).toHaveLength(1)
})

it('says what was refused, by which code, in which request', async () => {
  const { garrison } = against([
    Response.json(
      {
        success: false,
        message: 'Invalid request body',
        error_code: 'VALIDATION_ERROR',
        errors: { name: ['This field is required.'] },
        request_id: 'a1b2c3d4',
      },
      { status: 400 },
    ),
  ])
  const error = await garrison.volumes.get('BRK-1V').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ValidationError)
  expect(error).toMatchObject({
    message: 'Invalid request body',
    code: 'VALIDATION_ERROR',
    status: 400,
    requestId: 'a1b2c3d4',
    fields: { name: ['This field is required.'] },
  })
})

it('says of a microVM, too, what is wrong with which field', async () => {
  const fault = { loc: ['body', 'vcpu_count'], msg: 'Input should be at least 1', type: 'x' }
  const { garrison } = against([Response.json({ detail: [fault] }, { status: 422 })])
  const error = await garrison.regions.list().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ValidationError)
  expect(error).toMatchObject({ message: 'vcpu_count: Input should be at least 1', status: 422 })
})

it('never lets an empty id turn a request into another one', () => {
  const { garrison, requests } = against([])
  expect(() => garrison.instances.delete('')).toThrow('deleteInstance needs instance_id')
  expect(requests).toEqual([])
})

it('escapes what is in a path and in a query', async () => {
  const { garrison, requests } = against([good(), good()])
  await garrison.volumes.get('../x?y')
  await garrison.instances.list({ search: 'a&b' })
  expect(requests.map(({ url }) => url)).toEqual([
    'http://cloud.test/api/volumes/..%2Fx%3Fy/',
    'http://cloud.test/api/instances/?search=a%26b',
  ])
})

it('a server that nobody reaches is an error of its own', async () => {
  const { garrison } = against([broken()], { retries: 0 })
  await expect(garrison.regions.list()).rejects.toThrow(ConnectionError)
})
