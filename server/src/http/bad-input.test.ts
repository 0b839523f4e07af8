/** Requests that are wrong in themselves. Each is refused with words, and nothing comes of it. */
import { published } from '@garrison/contract/fixtures/published'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { newPublicKey } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let keyId: string
let snapshotId: string

beforeAll(async () => {
  api = await createApi()
  me = await api.client()
  const instance = await api.runningInstance(me.caller, 'Taken')
  snapshotId = (await api.readySnapshot(me.caller, instance)).public_id
  keyId = (await api.sshKey(me.caller)).public_id
})
afterAll(() => api.close())

let before: unknown
beforeEach(async () => {
  before = await footprint(api)
})
afterEach(async () => expect(await footprint(api)).toEqual(before))

const deployment = (change: Record<string, unknown> = {}) => ({
  vm_name: 'web-1',
  region: 'LOCAL-1',
  flavor: 'cpu-small',
  os_image: 'garrison-small',
  ssh_key_ids: [keyId],
  ...change,
})
const deploy = (change: Record<string, unknown>) => me.post('/api/deploy/', deployment(change))

describe('what is not known is named', () => {
  it.each([
    ['region', { region: 'MARS-1' }, 'region', /"MARS-1".*LOCAL-1/],
    ['flavor', { flavor: 'cpu-gigantic' }, 'flavor', /"cpu-gigantic".*cpu-small/],
    ['OS image', { os_image: 'windows-95' }, 'os_image', /"windows-95".*garrison-small/],
    [
      'GPU model',
      { flavor: undefined, gpu_model: 'H900' },
      'gpu_model',
      /"H900".*LOCAL-1 has no GPUs/,
    ],
  ])('an unknown %s of a deployment is a 400', async (_, change, field, words) => {
    const fields = expectRefusal(await deploy(change), 400, 'VALIDATION_ERROR', words)
    expect(Object.keys(fields)).toEqual([field])
  })

  it('all that is unknown in a deployment is told at once', async () => {
    const change = {
      region: 'MARS-1',
      flavor: 'cpu-gigantic',
      os_image: 'windows-95',
      ssh_key_ids: ['BRK-000000K'],
    }
    const fields = expectRefusal(await deploy(change), 400, 'VALIDATION_ERROR')
    expect(Object.keys(fields).sort()).toEqual(['flavor', 'os_image', 'region', 'ssh_key_ids'])
    const here = await deploy({ ...change, region: 'LOCAL-1', os_image: 'garrison-small' })
    expect(Object.keys(expectRefusal(here, 400, 'VALIDATION_ERROR')).sort()).toEqual([
      'flavor',
      'ssh_key_ids',
    ])
  })

  it('an unknown SSH key of a deployment is a 404', async () => {
    const reply = await deploy({ ssh_key_ids: [keyId, 'BRK-000000K'] })
    expectRefusal(reply, 404, 'NOT_FOUND', /BRK-000000K/)
  })

  it('an unknown image of a deployment is a 404', async () => {
    const reply = await deploy({
      boot_source: 'custom_image',
      os_image: undefined,
      image_id: '4711',
    })
    expectRefusal(reply, 404, 'NOT_FOUND', /4711/)
  })

  it.each([
    ['GET', '/api/instances/BRK-000000D/'],
    ['POST', '/api/instances/BRK-000000D/start/'],
    ['POST', '/api/instances/BRK-000000D/stop/'],
    ['POST', '/api/instances/BRK-000000D/reboot/'],
    ['DELETE', '/api/instances/BRK-000000D/'],
    ['GET', '/api/snapshots/BRK-000000S/'],
    ['DELETE', '/api/snapshots/BRK-000000S/'],
    ['GET', '/api/custom-images/4711/'],
    ['DELETE', '/api/custom-images/4711/'],
    ['GET', '/api/custom-images/relationships/BRK-000000S/'],
    ['GET', '/api/ssh-keys/BRK-000000K/'],
    ['DELETE', '/api/ssh-keys/BRK-000000K/'],
    ['GET', '/api/instances/BRK-000000D/firewalls/'],
    ['DELETE', '/api/instances/BRK-000000D/security-rules/4711/'],
    ['GET', '/api/firewalls/BRK-000000F/'],
    ['DELETE', '/api/firewalls/BRK-000000F/'],
    ['DELETE', '/api/firewalls/BRK-000000F/rules/4711/'],
    ['GET', '/api/firewalls/available-instances/?firewall_id=BRK-000000F'],
    ['GET', '/api/operations/019ba6f4-3c00-7000-8000-0242ac120002/'],
    ['GET', '/api/operations/not-an-id/'],
  ])('%s %s is a 404', async (method, path) => {
    const id = /(BRK-\d+\w|4711|019[\w-]+|not-an-id)/.exec(path)?.[0] ?? ''
    expectRefusal(await api.send(method, path, { key: me.key }), 404, 'NOT_FOUND', id)
  })

  it.each([
    '/api/instances/?region=MARS-1',
    '/api/snapshots/?region=MARS-1',
    '/api/custom-images/?region=MARS-1',
    '/api/snapshots/eligible-instances/?region=MARS-1',
    '/api/ssh-keys/?region=MARS-1',
    '/api/firewalls/?region=MARS-1',
    '/api/firewalls/available-instances/?region=MARS-1',
    '/api/flavors/?region=MARS-1',
    '/api/gpu-stocks/?region=MARS-1',
    '/api/os-images/?region=MARS-1',
  ])('the unknown region of %s is a 400', async (path) => {
    const fields = expectRefusal(await me.get(path), 400, 'VALIDATION_ERROR', /"MARS-1".*LOCAL-1/)
    expect(Object.keys(fields)).toEqual(['region'])
  })

  it.each([
    ['/api/gpu-stocks/?gpu_model=H900', 'gpu_model'],
    ['/api/gpu-specs/?gpu_model=H900', 'gpu_model'],
    ['/api/pricing/?gpu_model=H900', 'gpu_model'],
    ['/api/gpu-stocks/?tier=gold', 'tier'],
    ['/api/regions/?tier=gold', 'tier'],
    ['/api/pricing/?currency=GBP', 'currency'],
    ['/api/pricing/?volume_size_gb=99', 'volume_size_gb'],
    ['/api/instances/?status=ASLEEP', 'status'],
    ['/api/operations/?state=lost', 'state'],
  ])('%s is a 400 about %s', async (path, field) => {
    expect(Object.keys(expectRefusal(await me.get(path), 400, 'VALIDATION_ERROR'))).toEqual([field])
  })
})

describe('names', () => {
  it.each(['Taken', 'taken', 'TAKEN'])('%s is taken, whatever the case', async (vm_name) => {
    expectRefusal(await deploy({ vm_name }), 409, 'NAME_ALREADY_EXISTS', vm_name)
  })

  it('a restored machine cannot take the name of another', async () => {
    const reply = await me.post(`/api/snapshots/${snapshotId}/restore/`, { new_vm_name: 'taken' })
    expectRefusal(reply, 409, 'NAME_ALREADY_EXISTS', /"taken"/)
  })

  it.each([
    ['of 51 characters', 'x'.repeat(51), /no more than 50 characters/],
    ['that is empty', '', /may not be blank/],
    ['with a slash', 'web/1', /letters, digits/],
    ['with a line break', 'web\n1', /letters, digits/],
    ['with a null character', 'web\u00001', /letters, digits/],
    ['with an umlaut', 'wëb', /letters, digits/],
    ['with markup', '<script>', /letters, digits/],
    ['that ends with a space', 'web ', /space/],
  ])('a name %s is a 400', async (_, vm_name, words) => {
    const fields = expectRefusal(await deploy({ vm_name }), 400, 'VALIDATION_ERROR', words)
    expect(Object.keys(fields)).toEqual(['vm_name'])
  })
})

describe('pages', () => {
  it('page 0 is the published example, word for word but for the request id', async () => {
    const reply = await me.get('/api/snapshots/?page=0')
    expect(reply.status).toBe(400)
    const { request_id } = reply.body
    expect(reply.body).toEqual(
      Object.assign({}, await published('snapshots-list.400'), { request_id }),
    )
  })

  it.each([
    ['page=-1', 'page', 'Ensure this value is greater than or equal to 1.'],
    ['page=1000000000', 'page', 'Ensure this value is less than or equal to 1000000.'],
    ['page=1e9', 'page', 'A valid integer is required.'],
    ['page=x', 'page', 'A valid integer is required.'],
    ['page=1.5', 'page', 'A valid integer is required.'],
    ['page=%201', 'page', 'A valid integer is required.'],
    ['page=1&page=2', 'page', 'A valid integer is required.'],
    [`page=${'9'.repeat(400)}`, 'page', 'Ensure this value is less than or equal to 1000000.'],
    ['pageSize=0', 'pageSize', 'Ensure this value is greater than or equal to 1.'],
    ['pageSize=101', 'pageSize', 'Ensure this value is less than or equal to 100.'],
    ['search=%00', 'search', 'Null characters are not allowed.'],
    [`search=${'x'.repeat(101)}`, 'search', 'Ensure this field has no more than 100 characters.'],
  ])('?%s says so', async (query, field, words) => {
    const reply = await me.get(`/api/snapshots/?${query}`)
    expect(expectRefusal(reply, 400, 'VALIDATION_ERROR')).toEqual({ [field]: [words] })
  })

  it('names all wrong parameters at once', async () => {
    const reply = await me.get('/api/instances/?page=0&page_size=101&status=ASLEEP&tier=gold')
    const fields = expectRefusal(reply, 400, 'VALIDATION_ERROR')
    expect(Object.keys(fields).sort()).toEqual(['page', 'page_size', 'status', 'tier'])
  })

  it.each(['?page&pageSize&search', '?page=&pageSize=&search=', '?page&pageSize&search&region'])(
    'empty parameters count as absent: %s',
    async (query) => {
      const reply = await me.get(`/api/snapshots/${query}`)
      expect(reply).toMatchObject({ status: 200, body: { pagination: { page: 1, page_size: 20 } } })
    },
  )

  it('a page past the end is empty, and says how many there are', async () => {
    const reply = await me.get('/api/snapshots/?page=1000000&pageSize=100')
    expect(reply).toMatchObject({
      status: 200,
      body: { snapshots: [], pagination: { total_count: 1, has_next: false, has_previous: true } },
    })
  })
})

describe('bodies', () => {
  it.each([
    ['is not JSON', '{"vm_name": ', /not JSON/],
    ['is an array', '[]', /Expected a JSON object/],
    ['is a text', '"web-1"', /Expected a JSON object/],
    ['is null', 'null', /Expected a JSON object/],
    ['is a number', '1', /Expected a JSON object/],
    ['is nested 100,000 levels deep', '['.repeat(1e5) + ']'.repeat(1e5), /nested/],
    ['has 100,000 objects in each other', `${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`, /nested/],
    ['has half a character', '{"vm_name":"\\ud800"}', /Unicode/],
  ])('a body that %s is a 400', async (_, body, words) => {
    const fields = expectRefusal(
      await me.post('/api/deploy/', body),
      400,
      'VALIDATION_ERROR',
      words,
    )
    expect(Object.keys(fields)).toEqual(['non_field_errors'])
  })

  it.each([
    ['with its length', { 'Content-Length': String(2 * 1024 * 1024) }],
    ['in pieces', { 'Transfer-Encoding': 'chunked' }],
  ])('a body of 2 MB, sent %s, is a 413', async (_, headers) => {
    const body = JSON.stringify(deployment({ cloud_init: `#!${'x'.repeat(2 * 1024 * 1024)}` }))
    expectRefusal(
      await me.post('/api/deploy/', body, headers),
      413,
      'PAYLOAD_TOO_LARGE',
      /at most 1 MiB/,
    )
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense'])(
    'of the content type %s it says what to send',
    async (type) => {
      const reply = await me.post('/api/deploy/', deployment(), { 'Content-Type': type })
      expectRefusal(reply, 400, 'VALIDATION_ERROR', /Content-Type: application\/json/)
    },
  )

  it('names all missing fields at once', async () => {
    const fields = expectRefusal(await me.post('/api/deploy/', {}), 400, 'VALIDATION_ERROR')
    expect(fields).toEqual({
      vm_name: ['This field is required.'],
      region: ['This field is required.'],
      ssh_key_ids: ['This field is required.'],
      os_image: ['This field is required.'],
      flavor: ['Give either flavor or gpu_model.'],
    })
  })

  it('takes an empty body for {}', async () => {
    const fields = expectRefusal(await me.post('/api/ssh-keys/', ''), 400, 'VALIDATION_ERROR')
    expect(fields).toEqual({ name: ['This field is required.'] })
  })

  it('names all wrong types at once', async () => {
    const fields = expectRefusal(
      await deploy({
        vm_name: 1,
        region: null,
        flavor: ['cpu-small'],
        ssh_key_ids: keyId,
        public_ip: 'yes',
        cloud_init: {},
        volume_ids: [7],
      }),
      400,
      'VALIDATION_ERROR',
    )
    expect(fields).toEqual({
      vm_name: ['Not a valid string.'],
      region: ['This field may not be null.'],
      flavor: ['Not a valid string.'],
      ssh_key_ids: ['Expected a list of items.'],
      public_ip: ['Must be a valid boolean.'],
      cloud_init: ['Not a valid string.'],
      'volume_ids.0': ['Not a valid string.'],
    })
  })

  it.each([
    ['no SSH key', { ssh_key_ids: [] }, 'ssh_key_ids'],
    ['a key twice', { ssh_key_ids: ['BRK-1K', 'BRK-1K'] }, 'ssh_key_ids'],
    ['both flavor and GPU model', { gpu_model: 'A40' }, 'flavor'],
    ['a GPU count without a model', { gpu_count: 2 }, 'gpu_count'],
    ['user-data of no known kind', { cloud_init: 'hello' }, 'cloud_init'],
    ['user-data over 16 KiB', { cloud_init: `#!${'x'.repeat(16_384)}` }, 'cloud_init'],
    ['user-data with a null character', { cloud_init: '#!/bin/sh\n\u0000' }, 'cloud_init'],
    ['the tier of another region', { tier: 'advanced' }, 'tier'],
    ['a volume to boot from beside an OS image', { volume_id: 'BRK-000000V' }, 'volume_id'],
    [
      'an OS image beside a volume to boot from',
      { boot_source: 'volume', volume_id: 'BRK-000000V' },
      'os_image',
    ],
    ['a custom image beside an OS image', { image_id: '4711' }, 'image_id'],
  ])('a deployment with %s is a 400', async (_, change, field) => {
    const fields = expectRefusal(await deploy(change), 400, 'VALIDATION_ERROR')
    expect(Object.keys(fields)).toEqual([field])
  })

  it.each([
    { volume_ids: ['BRK-000000V'] },
    { boot_source: 'volume', os_image: undefined, volume_id: 'BRK-000000V' },
  ])('an unknown volume of a deployment is a 404: %j', async (change) => {
    expectRefusal(await deploy(change), 404, 'NOT_FOUND', /BRK-000000V/)
  })

  it('an unknown firewall of a deployment is a 404', async () => {
    const reply = await deploy({ firewall_ids: ['BRK-000000F'] })
    expectRefusal(reply, 404, 'NOT_FOUND', /BRK-000000F/)
  })

  it('__proto__ is a field like any other', async () => {
    const body = `{"__proto__":{"name":"polluted"},"constructor":{"prototype":{"name":"x"}}}`
    const fields = expectRefusal(await me.post('/api/ssh-keys/', body), 400, 'VALIDATION_ERROR')
    expect(fields).toEqual({ name: ['This field is required.'] })
    expect({}).not.toHaveProperty('name')
  })

  it('tells of the body and the headers at once', async () => {
    const reply = await me.post('/api/ssh-keys/', {}, { 'Idempotency-Key': 'x'.repeat(256) })
    const fields = expectRefusal(reply, 400, 'VALIDATION_ERROR')
    expect(Object.keys(fields).sort()).toEqual(['idempotency-key', 'name'])
  })

  it('a null character in a public key is a 400', async () => {
    const public_key = newPublicKey().replace(' test', ' te\u0000st')
    const reply = await me.post('/api/ssh-keys/', { name: 'nul', public_key })
    expectRefusal(reply, 400, 'VALIDATION_ERROR', /Null characters|control characters/)
  })

  it('a description of 1,001 characters is a 400', async () => {
    const reply = await me.post('/api/custom-images/', {
      snapshot_id: snapshotId,
      name: 'img',
      description: 'x'.repeat(1001),
    })
    expectRefusal(reply, 400, 'VALIDATION_ERROR', /no more than 1000 characters/)
  })
})

describe('addresses', () => {
  it.each([
    ['a malformed escape', '/api/instances/%zz/'],
    ['an escape that is no UTF-8', '/api/instances/%ff%fe/'],
    ['an escaped half character', '/api/instances/%ED%A0%80/'],
    ['an escaped slash', '/api/instances/..%2f..%2fetc/'],
    ['dots', '/api/instances/.../'],
    ['spaces and quotes', "/api/instances/%20'%20or%201=1--/"],
  ])('with %s find nothing', async (_, path) => {
    expectRefusal(await me.get(path), 404, 'NOT_FOUND')
  })

  it('with a null character are a 400', async () => {
    expectRefusal(await me.get('/api/instances/%00/'), 400, 'VALIDATION_ERROR', /Null characters/)
  })

  it('with an id of 10,000 characters are a 400', async () => {
    const reply = await me.get(`/api/instances/${'x'.repeat(10_000)}/`)
    expectRefusal(reply, 400, 'VALIDATION_ERROR', /no more than 64 characters/)
  })

  it('of 100,000 characters that lead nowhere are a 404 with a short message', async () => {
    const reply = await me.get(`/api/${'x'.repeat(100_000)}/`)
    expectRefusal(reply, 404, 'NOT_FOUND')
    expect(reply.body.message.length).toBeLessThan(400)
  })

  it('with a malformed query do no harm', async () => {
    const reply = await me.get('/api/instances/?search=%zz&page=%ff')
    expectRefusal(reply, 400, 'VALIDATION_ERROR')
  })

  it('take a percent sign and an underscore in a search for what they are', async () => {
    for (const search of ['%25', '_', '%5C']) {
      expect((await me.get(`/api/instances/?search=${search}`)).body.instances).toEqual([])
    }
  })
})
