/** What the dialect refuses, and in which words: published shapes, strangers, limits, times. */
import { microvmApi } from '@garrison/contract/microvms/api'
import { HTTPValidationError } from '@garrison/contract/microvms/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let stranger: Awaited<ReturnType<Api['client']>>
beforeAll(async () => {
  api = await createApi({
    hosts: [{ name: 'h', vcpus: 8, memoryMib: 8192, diskGb: 500, diskFreeGb: 500, gpus: [] }],
  })
  api.startRunner()
  me = await api.client('Me')
  stranger = await api.client('Stranger')
})
afterAll(() => api.close())

const pattern = "String should match pattern '^(user|system)$'"
const atLeast = (n: number) => `Input should be greater than or equal to ${n}`
const atMost = (n: number) => `Input should be less than or equal to ${n}`

describe('a request that is not as the schema says', () => {
  it.each(['x', 'System', 'USER', 'user ', ''])('type=%j is the published 422', async (type) => {
    const { status, body } = await me.get(`/v1/snapshots?type=${encodeURIComponent(type)}`)
    expect(status).toBe(422)
    expect(body).toEqual({
      detail: [{ loc: ['query', 'type'], msg: pattern, type: 'string_pattern_mismatch' }],
    })
  })

  it('a parameter that nobody reads is refused by its name', async () => {
    const fault = (name: string) => ({
      ...{ loc: ['query', name], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' },
    })
    const refused = (name: string) => ({ status: 422, body: { detail: [fault(name)] } })
    expect(await me.get('/v1/snapshots?tpye=user')).toMatchObject(refused('tpye'))
    expect(await me.get('/v1/vms?status=terminated')).toMatchObject(refused('status'))
    expect(await me.post('/execute?bogus=1', { command: '1' })).toMatchObject(refused('bogus'))
    expect((await me.get('/v1/vms?all=true&wait=true&_=1795311144')).status).toBe(200)
    expect((await me.get('/v1/nothing?bogus=1')).status).toBe(404)
  })

  it('a field of the body is, also where none is needed', async () => {
    const { vm_id } = (await me.post('/v1/vms', {})).body
    for (const verb of ['suspend', 'resume']) {
      const path = `/v1/vms/${vm_id}/${verb}`
      const fault = { loc: ['body', 'env'], type: 'extra_forbidden' }
      const refused = { status: 422, body: { detail: [fault] } }
      expect(await me.post(path, { env: { A: '1' } }), verb).toMatchObject(refused)
      expect(await me.post(path, []), verb).toMatchObject({ status: 422 })
      expect((await me.get(`/v1/vms/${vm_id}`)).body.status).toBe('running')
    }
    expect(await me.post(`/v1/vms/${vm_id}/suspend`)).toMatchObject({ status: 200 })
    expect(await me.post(`/v1/vms/${vm_id}/resume`, {})).toMatchObject({ status: 200 })
    await me.delete(`/v1/vms/${vm_id}`)
  })

  const image = { oci_image: 'python:3.12-slim' }
  it.each([
    ['/v1/snapshots', {}, ['body', 'oci_image'], 'missing', 'Field required'],
    [
      '/v1/snapshots',
      { ...image, vcpu_count: 0 },
      ['body', 'vcpu_count'],
      'greater_than_equal',
      atLeast(1),
    ],
    [
      '/v1/snapshots',
      { ...image, vcpu_count: 9 },
      ['body', 'vcpu_count'],
      'less_than_equal',
      atMost(8),
    ],
    [
      '/v1/snapshots',
      { ...image, memory_mb: 127 },
      ['body', 'memory_mb'],
      'greater_than_equal',
      atLeast(128),
    ],
    [
      '/v1/snapshots',
      { ...image, memory_mb: 8193 },
      ['body', 'memory_mb'],
      'less_than_equal',
      atMost(8192),
    ],
    [
      '/v1/snapshots',
      { ...image, memory_mb: 1e20 },
      ['body', 'memory_mb'],
      'less_than_equal',
      atMost(8192),
    ],
    [
      '/v1/vms',
      { snapshot_id: '' },
      ['body', 'snapshot_id'],
      'string_too_short',
      'String should have at least 1 character',
    ],
    [
      '/v1/snapshots',
      { ...image, build_args: { extra_apt_packages: 'a;id' } },
      ['body', 'build_args', 'extra_apt_packages'],
      'value_error',
      '"a;id" is not the name of a package',
    ],
    [
      '/v1/vms',
      { egress_policy: { allowed_cidrs: ['10.0.0.0/8'] } },
      ['body', 'egress_policy', 'allowed_cidrs'],
      'value_error',
      "10.0.0.0/8 has private or reserved addresses, which this server's operator does not permit",
    ],
    [
      '/v1/snapshots',
      { ...image, type: 'x' },
      ['body', 'type'],
      'string_pattern_mismatch',
      pattern,
    ],
    [
      '/v1/snapshots',
      { ...image, vcpu_count: 'two' },
      ['body', 'vcpu_count'],
      'int_type',
      'Input should be a valid integer',
    ],
    [
      '/v1/snapshots',
      { ...image, name: 7 },
      ['body', 'name'],
      'string_type',
      'Input should be a valid string',
    ],
    [
      '/v1/snapshots',
      { oci_image: 'Not An Image' },
      ['body', 'oci_image'],
      'value_error',
      'not the name of an image',
    ],
    ['/v1/vms', { cpu: 2 }, ['body', 'cpu'], 'extra_forbidden', 'Extra inputs are not permitted'],
    [
      '/v1/vms',
      { vault_ids: ['vlt_1'] },
      ['body', 'vault_ids'],
      'extra_forbidden',
      'Extra inputs are not permitted: vaults',
    ],
    [
      '/v1/vms?wait=maybe',
      {},
      ['query', 'wait'],
      'bool_parsing',
      'Input should be a valid boolean, unable to interpret input',
    ],
    [
      '/v1/vms',
      [],
      ['body'],
      'model_attributes_type',
      'Input should be a valid dictionary or object to extract fields from',
    ],
    [
      '/v1/sessions/session',
      { vm_lifetime_seconds: 19 },
      ['body', 'vm_lifetime_seconds'],
      'greater_than_equal',
      atLeast(20),
    ],
    [
      '/v1/sessions/session',
      { vcpu_count: 3 },
      ['body', 'vcpu_count'],
      'enum',
      "Input should be '1', '2', '4', '6' or '8'",
    ],
    [
      '/execute',
      { command: 'x', timeout: 0 },
      ['body', 'timeout'],
      'greater_than_equal',
      atLeast(1),
    ],
    [
      '/execute',
      { command: 'x', timeout: 601 },
      ['body', 'timeout'],
      'less_than_equal',
      atMost(600),
    ],
    [
      '/execute',
      { command: 'x', language: 'perl' },
      ['body', 'language'],
      'enum',
      "Input should be 'python' or 'bash'",
    ],
    ['/execute', {}, ['body'], 'value_error', 'Value error, give command or code'],
  ] as const)('%s %j says so at %j', async (path, body, loc, type, msg) => {
    const reply = await me.post(path, body)
    expect(reply).toMatchObject({ status: 422, body: { detail: [{ loc, type, msg }] } })
    expect(HTTPValidationError.strict().safeParse(reply.body).success).toBe(true)
  })

  it('is told every fault at once, and where JSON ends', async () => {
    const { body } = await me.post('/v1/snapshots', { vcpu_count: 9, memory_mb: 1 })
    expect(body.detail.map(({ loc }: { loc: string[] }) => loc[1]).sort()).toEqual([
      ...['memory_mb', 'oci_image', 'vcpu_count'],
    ])
    const broken = await me.post('/v1/snapshots', '{"oci_image": ')
    expect(broken).toMatchObject({ status: 422, body: { detail: [{ type: 'json_invalid' }] } })
  })
})

describe('errors beside the schema', () => {
  it.each([
    ['GET', '/v1/snapshots', 401],
    ['POST', '/execute', 401],
    ['GET', '/v1/nothing', 401],
  ])('%s %s without a key is %i', async (method, path, status) => {
    const reply = await api.send(method, path)
    const detail = 'An API key is needed: send the header "X-API-Key: YOUR_KEY"'
    expect(reply).toMatchObject({ status, body: { detail } })
    expect(Object.keys(reply.body)).toEqual(['detail'])
  })

  it.each([
    ['GET', '/v1/nothing', 404],
    ['PUT', '/v1/snapshots', 405],
    ['GET', '/execute', 405],
    ['GET', '/v1/vms/vm_none', 404],
    ['GET', '/v1/vaults', 501],
    ['POST', '/v1/browser/sessions/', 501],
    ['POST', '/v1/vms/x/tape/start', 501],
    ['GET', '/v1/computeruse/x/state', 501],
  ])('%s %s is %i', async (method, path, status) => {
    const reply = await api.send(method, path, { key: me.key })
    expect(reply).toMatchObject({ status, body: { detail: expect.any(String) } })
    expect(Object.keys(reply.body)).toEqual(['detail'])
  })

  it('a wrong key, too large a body and a read-only key are told in the same form', async () => {
    const wrong = await api.send('GET', '/v1/snapshots', { headers: { 'X-API-Key': 'brk_none' } })
    expect(wrong).toMatchObject({ status: 401, body: { detail: expect.any(String) } })
    const large = await me.post('/execute', { command: 'x'.repeat(5 * 1024 * 1024) })
    expect(large).toMatchObject({ status: 413, body: { detail: expect.any(String) } })
    const reader = await api.client('Reader', { access: 'read-only' })
    expect((await reader.get('/v1/snapshots')).status).toBe(200)
    expect(await reader.post('/v1/vms', {})).toMatchObject({ status: 403 })
  })
})

it('what is mine does not exist for a stranger, by whatever route', async () => {
  const { body: vm } = await me.post('/v1/vms', {})
  const { body: taken } = await me.post(`/v1/vms/${vm.vm_id}/snapshot`, {})
  const task = await me.post('/execute_async', { command: 'x', session_id: vm.session_id })
  await api.services.executions.idle()
  const ids = {
    vm_id: vm.vm_id,
    session_id: vm.session_id,
    snapshot_id: taken.snapshot_id,
    execution_id: task.body.task_id,
  }
  // What else has ids has a stranger's test of its own.
  const known = Object.keys(ids).map((name) => `{${name}}`)
  const asked = Object.values(microvmApi).filter(({ path }) => {
    const wanted = path.match(/\{\w+\}/g) ?? []
    return wanted.length > 0 && wanted.every((name) => known.includes(name))
  })
  expect(asked.length).toBeGreaterThan(12)
  for (const { method, path } of asked) {
    const filled = path.replace(/\{(\w+)\}/, (_, name: keyof typeof ids) => ids[name])
    const body = method === 'get' ? undefined : {}
    const reply = await api.send(method.toUpperCase(), filled, { key: stranger.key, body })
    // A body that is wrong is so for everybody, and tells nothing of what is mine.
    const aboutBody = reply.status === 422 && reply.body.detail[0].loc[0] === 'body'
    if (!aboutBody) expect(reply, `${method} ${path}`).toMatchObject({ status: 404 })
  }
  const bySession = [
    ['/execute', { command: 'x', session_id: vm.session_id }],
    ['/execute_async', { command: 'x', session_id: vm.session_id }],
    ['/kill', { session_id: vm.session_id }],
    ['/v1/vms', { session_id: vm.session_id }],
    ['/v1/vms', { snapshot_id: taken.snapshot_id }],
  ] as const
  for (const [path, body] of bySession) {
    expect(await stranger.post(path, body), path).toMatchObject({ status: 404 })
  }
  for (const path of ['/upload', '/download']) {
    const form = new FormData()
    form.set('session_id', vm.session_id)
    if (path === '/upload') form.set('file', new File(['x'], 'x'))
    else form.set('filename', 'x')
    const headers = { 'X-API-Key': stranger.key }
    const reply = await api.app.request(path, { method: 'POST', body: form, headers })
    expect(reply.status, path).toBe(404)
  }
  for (const path of [
    '/v1/vms',
    '/v1/sessions/sandboxes',
    '/v1/executions',
    '/v1/snapshots?type=user',
  ])
    expect((await stranger.get(path)).body, path).toEqual([])
  const { body: system } = await stranger.get('/v1/snapshots')
  expect(system).toMatchObject([{ name: 'garrison/base:1', type: 'system', is_public: true }])
  expect((await stranger.delete(`/v1/snapshots/${system[0].id}`)).status).toBe(403)
  await me.delete(`/v1/vms/${vm.vm_id}`)
})

it('the memory of those that boot is promised once: when there is no room it is 429 with Retry-After', async () => {
  const large = { memory_mb: 2048, vcpu_count: 8 }
  const replies = await Promise.all(
    Array.from({ length: 12 }, () => me.post('/v1/vms?wait=false', large)),
  )
  const accepted = replies.filter(({ status }) => status === 200)
  expect(accepted).toHaveLength(4)
  for (const refused of replies.filter(({ status }) => status !== 200)) {
    expect(refused).toMatchObject({
      status: 429,
      body: { detail: expect.stringMatching(/no room/) },
    })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  await api.settle()
  const [first] = accepted
  await me.post(`/v1/vms/${first?.body.vm_id}/suspend`)
  expect((await me.post('/v1/vms', large)).status).toBe(200)
  expect(await me.post(`/v1/vms/${first?.body.vm_id}/resume`)).toMatchObject({ status: 429 })
  for (const { vm_id } of (await me.get('/v1/vms')).body) await me.delete(`/v1/vms/${vm_id}`)
})

it('an account has no more than an operator allows it', async () => {
  await api.change((tx) =>
    tx
      .insertInto('account_controls')
      .values({
        account_id: stranger.caller.accountId,
        max_instances: 1,
        max_snapshots: 0,
      } as never)
      .execute(),
  )
  const { body: vm } = await stranger.post('/v1/vms', { memory_mb: 128 })
  expect(await stranger.post('/v1/vms', {})).toMatchObject({ status: 429 })
  expect(await stranger.post(`/v1/vms/${vm.vm_id}/snapshot`, {})).toMatchObject({ status: 429 })
})
