import { CapacityError } from '@garrison/engines/engine'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { nextFence } from '../operations/store.ts'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { testRegion, type WorldOptions } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
afterEach(() => api.close())

async function open(options?: WorldOptions) {
  api = await createApi(options)
  me = await api.client()
}

async function deployed(change?: Parameters<Api['deploy']>[2]) {
  const { public_id } = await api.deploy(me.caller, undefined, change)
  await api.settle()
  return { path: `/api/instances/${public_id}/`, id: public_id }
}
const details = async (path: string) => (await me.get(path)).body.instance
const toggle = (path: string, body?: object) => me.post(`${path}toggle-public-ip/`, body)

async function toggled(path: string, body?: object) {
  const reply = await toggle(path, body)
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  await api.settle()
  return reply.body
}

type Refusal = Parameters<typeof expectRefusal>

async function refuses(
  path: string,
  body: object | undefined,
  ...[status, code, words = '']: [Refusal[1], Refusal[2], (string | RegExp)?]
) {
  const before = await footprint(api)
  expectRefusal(await toggle(path, body), status, code, words)
  expect(await footprint(api)).toEqual(before)
}

const onePool = (range: string) => ({ addressPools: [{ first: range, last: range }] })

describe('an instance', () => {
  it('gets a public address at its deployment when it asks for one, and none otherwise', async () => {
    await open()
    const without = await details((await deployed()).path)
    expect(without).toMatchObject({ ip_status: 'assigned', ip_address: without.private_ip })
    expect(await details((await deployed({ public_ip: false })).path)).toMatchObject({
      ip_status: 'assigned',
    })
    const { path, id } = await deployed({ public_ip: true })
    const instance = await details(path)
    expect(instance.ip_status).toBe('assigned')
    expect(instance.ip_address).not.toBe(instance.private_ip)
    const row = await api.instance(me.caller, { public_id: id })
    expect((await api.engine.holdings()).publicAddresses).toEqual([row.id])
    expect(instance.ssh_command).toBe(`ssh root@${instance.ip_address}`)
  })

  it('is given one while it runs, and gives it back', async () => {
    await open()
    const { path, id } = await deployed()
    expect(await toggled(path, { enable: true })).toMatchObject({
      ...{ success: true, instance_id: id, action: 'attach' },
      ...{ ip_address: null, ip_status: 'pending' },
    })
    const attached = await details(path)
    expect(attached.ip_address).not.toBe(attached.private_ip)
    expect(await toggled(path, { enable: false })).toMatchObject({
      ...{ action: 'detach', ip_address: null, ip_status: 'detached' },
    })
    expect(await details(path)).toMatchObject({
      ...{ ip_address: attached.private_ip, ip_status: 'detached' },
    })
    expect((await api.engine.holdings()).publicAddresses).toEqual([])
  })

  it('has it the other way round when nothing is said', async () => {
    await open()
    const { path } = await deployed()
    expect(await toggled(path)).toMatchObject({ action: 'attach' })
    expect(await toggled(path, {})).toMatchObject({ action: 'detach' })
    expect(await toggled(path)).toMatchObject({ action: 'attach' })
  })

  it('that has what is asked for keeps it, and nothing is begun', async () => {
    await open()
    const { path } = await deployed({ public_ip: true })
    const { ip_address } = await details(path)
    const before = await footprint(api)
    expect(await toggled(path, { enable: true })).toMatchObject({
      ...{ action: 'attach', ip_address, ip_status: 'assigned' },
    })
    expect(await footprint(api)).toEqual(before)
  })

  it('keeps it over a stop, and may be given one or lose it while it is stopped', async () => {
    await open()
    const { path } = await deployed({ public_ip: true })
    const { ip_address } = await details(path)
    await me.post(`${path}stop/`)
    await api.settle()
    expect(await details(path)).toMatchObject({ status: 'SHUTOFF', ip_address })
    await me.post(`${path}start/`)
    await api.settle()
    expect(await details(path)).toMatchObject({ status: 'ACTIVE', ip_address })
    await me.post(`${path}stop/`)
    await api.settle()
    await toggled(path, { enable: false })
    await toggled(path, { enable: true })
    expect(await details(path)).toMatchObject({ status: 'SHUTOFF', ip_status: 'assigned' })
  })

  it.each([
    [true, 'keeps it over hibernation when that is asked for', 'assigned'],
    [
      false,
      'gives it back when it is hibernated otherwise, and has none when it is restored',
      'detached',
    ],
  ])('(retain_ip: %s) %s', async (retain_ip, _, ip_status) => {
    await open()
    const { path } = await deployed({ public_ip: true })
    const { ip_address } = await details(path)
    for (const action of ['hibernate', 'restore']) {
      await me.post(`${path}${action}/`, action === 'hibernate' ? { retain_ip } : {})
      await api.settle()
      const instance = await details(path)
      expect(instance.ip_status).toBe(ip_status)
      expect(instance.ip_address === ip_address).toBe(retain_ip)
    }
    expect((await details(path)).status).toBe('ACTIVE')
    expect((await api.engine.holdings()).publicAddresses).toHaveLength(retain_ip ? 1 : 0)
  })

  it('gives it back when it is deleted', async () => {
    await open()
    const { path } = await deployed({ public_ip: true })
    await me.delete(path)
    await api.settle()
    expect(await details(path)).toMatchObject({ status: 'DELETED', ip_status: 'none' })
    expect((await api.engine.holdings()).publicAddresses).toEqual([])
  })

  it('made of a snapshot gets one where any new machine does', async () => {
    await open({ capabilities: { publicAddressToggle: false } })
    const { id } = await deployed()
    const snapshot = await api.readySnapshot(me.caller, { public_id: id })
    const { instance } = await api.change((tx) =>
      api.services.snapshots.restore(tx, me.caller, snapshot.public_id, 'again'),
    )
    await api.settle()
    expect(await api.instance(me.caller, instance)).toMatchObject({
      ...{ status: 'ACTIVE', public_ip: 'attached', public_address: expect.any(String) },
    })
  })

  it('made of a snapshot has none elsewhere, whatever its source has', async () => {
    await open()
    const { id } = await deployed({ public_ip: true })
    const snapshot = await api.readySnapshot(me.caller, { public_id: id })
    const restored = await api.change((tx) =>
      api.services.snapshots.restore(tx, me.caller, snapshot.public_id, 'again'),
    )
    await api.settle()
    expect(await api.instance(me.caller, restored.instance)).toMatchObject({
      ...{ status: 'ACTIVE', public_ip: 'none', public_address: null },
    })
  })

  it('tells the world and the audit log', async () => {
    await open()
    const { path, id } = await deployed()
    await toggled(path, { enable: true })
    const events = await api.db
      .selectFrom('events')
      .select('kind')
      .where('subject_id', '=', id)
      .where('kind', 'like', '%public-ip%')
      .orderBy('id')
      .execute()
    expect(events.map(({ kind }) => kind)).toEqual(['instance.public-ip-attached'])
    const audited = await api.db
      .selectFrom('audit_log')
      .select('detail')
      .where('action', '=', 'instance.toggle-public-ip')
      .execute()
    expect(audited).toMatchObject([{ detail: { enable: true } }])
  })
})

describe('a public address is refused', () => {
  it('in other states than ACTIVE and SHUTOFF, and while another operation is at work', async () => {
    await open()
    const { path } = await deployed()
    await api.stopRunners()
    await me.post(`${path}stop/`)
    await refuses(path, undefined, 409, 'OPERATION_IN_PROGRESS', /STOPPING/)
    await api.settle()
    await api.stopRunners()
    await toggle(path, { enable: true })
    await refuses(path, undefined, 409, 'OPERATION_IN_PROGRESS', /toggle-public-ip/)
    await me.delete(path)
    await api.settle()
    await refuses(path, undefined, 400, 'INVALID_INSTANCE_STATE', /DELETED/)
  })

  it('to strangers, and with a body that says nothing', async () => {
    await open()
    const { path } = await deployed()
    await refuses(path, { enable: 'yes' }, 400, 'VALIDATION_ERROR')
    me = await api.client('Stranger')
    await refuses(path, { enable: true }, 404, 'NOT_FOUND')
  })

  it('when all are taken, before anything is begun; one that is freed goes to the next', async () => {
    await open(onePool('203.0.113.7'))
    const first = await deployed({ public_ip: true })
    expect(await details(first.path)).toMatchObject({ ip_address: '203.0.113.7' })
    const second = await deployed()
    await refuses(second.path, { enable: true }, 409, 'INSUFFICIENT_CAPACITY', /All 1 public IPs/)
    await expect(api.deploy(me.caller, 'third', { public_ip: true })).rejects.toMatchObject({
      code: 'INSUFFICIENT_CAPACITY',
    })
    await me.delete(first.path)
    await api.settle()
    await toggled(second.path)
    expect(await details(second.path)).toMatchObject({ ip_address: '203.0.113.7' })
  })

  it('to all but one of many who ask for the last one at once', async () => {
    await open(onePool('203.0.113.7'))
    const paths = await Promise.all([1, 2, 3, 4].map(async () => (await deployed()).path))
    const replies = await Promise.all(paths.map((path) => toggle(path, { enable: true })))
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409])
    await api.settle()
    expect((await api.engine.holdings()).publicAddresses).toHaveLength(1)
  })

  it('where there are none', async () => {
    await open({ capabilities: { publicAddress: false, publicAddressToggle: false } })
    const { path } = await deployed()
    await refuses(path, { enable: true }, 400, 'TIER_NOT_SUPPORTED', /has no public IPs/)
    await expect(api.deploy(me.caller, 'web', { public_ip: true })).rejects.toMatchObject({
      code: 'TIER_NOT_SUPPORTED',
    })
  })
})

describe('where every instance has one', () => {
  it('it comes unasked, and cannot be taken away', async () => {
    await open({ capabilities: { publicAddressToggle: false } })
    const { path } = await deployed()
    const { ip_address, private_ip } = await details(path)
    expect(ip_address).not.toBe(private_ip)
    await refuses(path, { enable: false }, 400, 'TIER_NOT_SUPPORTED', /cannot be taken away/)
    await expect(api.deploy(me.caller, 'web', { public_ip: false })).rejects.toMatchObject({
      code: 'TIER_NOT_SUPPORTED',
    })
  })
})

describe('an engine that', () => {
  it('has none left after all leaves the instance as it was, and says why', async () => {
    await open({
      onEffect: (effect) => {
        if (effect === 'public-address.create')
          throw new CapacityError('somebody else answers for all of them')
      },
    })
    const { path } = await deployed()
    await toggled(path, { enable: true })
    expect(await details(path)).toMatchObject({
      ...{ status: 'ACTIVE', ip_status: 'detached' },
      error: expect.stringMatching(/public IP could not be changed: .*somebody else answers/),
    })
  })

  it('holds one that nobody is to have is freed of it in ten minutes', async () => {
    const clock = new ManualClock()
    await open({ clock })
    const { id } = await deployed()
    const row = await api.instance(me.caller, { public_id: id })
    const order = { operation: row.id, fence: await nextFence(api.db) }
    await api.engine.ensurePublicAddress(row.id, row.account_id, order)
    await api.reconciler.reconcile(testRegion, api.engine)
    expect((await api.engine.holdings()).publicAddresses).toEqual([row.id])
    await clock.advance(11 * 60_000)
    await api.reconciler.reconcile(testRegion, api.engine)
    expect((await api.engine.holdings()).publicAddresses).toEqual([])
    expect(await api.instance(me.caller, { public_id: id })).toMatchObject({ status: 'ACTIVE' })
  })
})
