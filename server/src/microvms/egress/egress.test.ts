/** What machines may reach, as clients set it: stored, brought to the engine, kept by sessions, refused. */
import { EngineError } from '@garrison/engines/engine'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { loadConfig } from '../../config.ts'
import { type Api, createApi } from '../../testing/api.ts'
import { createMicrovmOrders } from '../standing-orders.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let stranger: Awaited<ReturnType<Api['client']>>
beforeAll(async () => {
  const { microvms } = loadConfig({ env: {}, dataDir: '/nowhere' })
  const egress = { usual: {}, allow_networks: ['10.20.0.0/16'] }
  api = await createApi({ config: { microvms: { ...microvms, egress } } })
  api.startRunner()
  me = await api.client('Me')
  stranger = await api.client('Stranger')
})
afterAll(() => api.close())

const nothing = {
  ...{ allow_package_managers: false, allow_http: false, allow_https: false },
  ...{ allowed_domains: [], allowed_cidrs: [] },
}
const some = { allow_https: true, allowed_domains: ['API.example.com'], allowed_cidrs: ['8.8.8.8'] }
const asEngine = { https: true, http: false, domains: ['api.example.com'], cidrs: ['8.8.8.8'] }

async function enforced(vmId: string) {
  const { id } = await api.db
    .selectFrom('microvms')
    .select('id')
    .where('public_id', '=', vmId)
    .executeTakeFirstOrThrow()
  return api.engine.microvms.egressOf(id)
}
const kindsOf = async (vmId: string) => {
  const rows = await api.db
    .selectFrom('events')
    .select('kind')
    .where('subject_id', '=', vmId)
    .execute()
  return rows.map(({ kind }) => kind)
}

describe('a VM', () => {
  it('reaches nothing, unless it is made with a policy, which its clones and session keep', async () => {
    const { body: shut } = await me.post('/v1/vms', {})
    expect((await me.get(`/v1/egress/vm/${shut.vm_id}`)).body).toEqual({
      ...{ ...nothing, vm_id: shut.vm_id, session_id: shut.session_id, in_force: true },
    })
    expect(await enforced(shut.vm_id)).toMatchObject({ open: false, https: false, domains: [] })

    const { body: vm } = await me.post('/v1/vms', { egress_policy: some })
    expect(await enforced(vm.vm_id)).toMatchObject(asEngine)
    const { body: clone } = await me.post(`/v1/vms/${vm.vm_id}/clone`)
    expect(await enforced(clone.vm_id)).toMatchObject(asEngine)
    await me.delete(`/v1/vms/${vm.vm_id}`)
    const next = await me.post('/execute', {
      ...{ session_id: vm.session_id, command: 'true', language: 'bash' },
    })
    expect(next.body.vm_id).not.toBe(vm.vm_id)
    expect(await enforced(next.body.vm_id)).toMatchObject(asEngine)
  })

  it('has another policy when the request is answered, also while it is suspended', async () => {
    const { body: vm } = await me.post('/v1/vms', {})
    const path = `/v1/egress/vm/${vm.vm_id}`
    const set = await me.post(path, some)
    expect(set).toMatchObject({ status: 200, body: { allow_https: true, in_force: true } })
    expect(await enforced(vm.vm_id)).toMatchObject(asEngine)
    await me.post(`/v1/vms/${vm.vm_id}/suspend`)
    expect((await me.post(path, {})).body).toMatchObject({ ...nothing, in_force: true })
    expect(await enforced(vm.vm_id)).toMatchObject({ https: false, domains: [] })
    expect(await kindsOf(vm.vm_id)).toContain('microvm.egress-applied')
    expect(JSON.stringify((await me.get('/api/audit/')).body)).toContain('microvm.set-egress')
    await me.delete(`/v1/vms/${vm.vm_id}`)
    expect((await me.post(path, some)).status).toBe(409)
  })

  it('of which the engine fails says that the policy is not in force, and gets it later', async () => {
    const { body: vm } = await me.post('/v1/vms', {})
    const failing = vi
      .spyOn(api.engine.microvms, 'applyEgress')
      .mockRejectedValue(new EngineError('no nft'))
    const reply = await me.post(`/v1/egress/vm/${vm.vm_id}`, some)
    failing.mockRestore()
    expect(reply).toMatchObject({ status: 502, body: { detail: expect.any(String) } })
    const { body } = await me.get(`/v1/egress/vm/${vm.vm_id}`)
    expect(body).toMatchObject({ allow_https: true, in_force: false })
    expect(await kindsOf(vm.vm_id)).toContain('microvm.egress-failed')
    await createMicrovmOrders(api).reconcile()
    await api.settle()
    expect((await me.get(`/v1/egress/vm/${vm.vm_id}`)).body).toMatchObject({ in_force: true })
    expect(await enforced(vm.vm_id)).toMatchObject(asEngine)
  })
})

it('a session keeps its policy for the VM that it has, and the next ones', async () => {
  const { body: session } = await me.post('/v1/sessions/session', {})
  const path = `/v1/egress/session/${session.session_id}`
  expect((await me.post(path, some)).body).toMatchObject({ vm_id: null, allow_https: true })
  const run = () =>
    me.post('/execute', {
      ...{ session_id: session.session_id, command: 'true', language: 'bash' },
    })
  const { vm_id } = (await run()).body
  expect(await enforced(vm_id)).toMatchObject(asEngine)
  expect((await me.post(path, { allow_http: true })).body).toMatchObject({ vm_id, in_force: true })
  expect(await enforced(vm_id)).toMatchObject({ http: true, https: false })
  await me.post('/kill', { session_id: session.session_id })
  await api.settle()
  expect((await me.get(path)).body).toMatchObject({ vm_id: null, allow_http: true })
  expect(await enforced((await run()).body.vm_id)).toMatchObject({ http: true, https: false })
})

describe('what may not be named', () => {
  it.each([
    '10.0.0.0/8',
    '169.254.169.254',
    '0.0.0.0/0',
    '192.0.0.0/8',
    '127.0.0.1',
    '172.31.255.1',
  ])('network %s', async (cidr) => {
    const reply = await me.post('/v1/vms', { egress_policy: { allowed_cidrs: [cidr] } })
    expect(reply).toMatchObject({ status: 422, body: { detail: [{ msg: expect.any(String) }] } })
  })

  it.each([
    [{ allowed_cidrs: ['1.2.3.4/33'] }],
    [{ allowed_cidrs: ['::/0'] }],
    [{ allowed_cidrs: ['1.2.3'] }],
    [{ allowed_cidrs: ['01.2.3.4'] }],
    [{ allowed_cidrs: ['1.2.3.00/24'] }],
    [{ allowed_domains: ['com'] }],
    [{ allowed_domains: ['10.0.0.1'] }],
    [{ allowed_domains: ['a b.com'] }],
    [{ allowed_domains: ['-a.com'] }],
    [{ allowed_domains: ['x.com/nft'] }],
    [{ allowed_domains: Array.from({ length: 101 }, (_, n) => `n${n}.example.com`) }],
    [{ allow_everything: true }],
    [{ allow_http: 'yes' }],
  ])('%j', async (policy) => {
    const { body: session } = await me.post('/v1/sessions/session', {})
    const reply = await me.post(`/v1/egress/session/${session.session_id}`, policy)
    expect(reply).toMatchObject({ status: 422, body: { detail: expect.any(Array) } })
  })

  it('but networks that the operator permits', async () => {
    const egress_policy = { allowed_cidrs: ['10.20.3.0/24'] }
    const { status, body } = await me.post('/v1/vms', { egress_policy })
    expect(status).toBe(200)
    expect(await enforced(body.vm_id)).toMatchObject({ cidrs: ['10.20.3.0/24'] })
  })
})

it('what is mine does not exist for a stranger', async () => {
  const { body: vm } = await me.post('/v1/vms', {})
  for (const path of [`/v1/egress/vm/${vm.vm_id}`, `/v1/egress/session/${vm.session_id}`]) {
    expect((await stranger.get(path)).status).toBe(404)
    expect((await stranger.post(path, some)).status).toBe(404)
  }
  expect((await me.get(`/v1/egress/vm/${vm.vm_id}`)).body).toMatchObject(nothing)
})
