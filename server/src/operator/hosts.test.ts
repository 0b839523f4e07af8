import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { testImage, testRegion } from '../testing/world.ts'

const host = (name: string) => ({
  ...{ name, vcpus: 4, memoryMib: 4096, diskGb: 1000, diskFreeGb: 900, gpus: [] },
})
const path = '/api/operator/hosts/'

let api: Api
let operator: Awaited<ReturnType<Api['client']>>
let client: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  api = await createApi({ hosts: [host('one'), host('two')] })
  operator = await api.client('Operator', { role: 'operator' })
  client = await api.client('Owner')
})
afterEach(() => api.close())

const drain = (name: string, verb = 'drain') =>
  operator.post(
    `${path}${testRegion}/${name}/${verb}/`,
    verb === 'drain' ? { reason: 'Fan' } : undefined,
  )
const look = async (name: string) => (await operator.get(`${path}${testRegion}/${name}/`)).body.host
const available = async () => {
  const { body } = await client.get('/api/flavors/')
  return body.flavors.find(({ name }: { name: string }) => name === 'cpu-medium').available
}

describe('a host', () => {
  it('shows what it has, what is promised of it, and who holds it', async () => {
    const instance = await api.runningInstance(client.caller)
    await api.readySnapshot(client.caller, instance)
    const volume = await api.volume(client.caller, { sizeGb: 7 })
    const found = await look(instance.host)
    expect(found).toMatchObject({
      present: true,
      drained: null,
      machines: { ACTIVE: 1 },
      capacity: {
        vcpus: { total: 16, promised: 1, free: 15, cores: 4 },
        memory_gb: { total: 4, promised: 1, free: 3 },
        disk_gb: { really_free: 900, floor: 2 },
      },
      instances: [{ id: instance.public_id, account_id: client.caller.accountPublicId }],
      snapshots: 1,
    })
    expect(found.holders).toMatchObject([
      { account_id: client.caller.accountPublicId, instances: 1, memory_gb: 1, snapshots: 1 },
    ])
    const { body } = await operator.get(path)
    expect(body.hosts.map(({ name }: { name: string }) => name)).toEqual(['one', 'two'])
    const volumes = Object.fromEntries(
      body.hosts.map((each: { name: string; volumes: number }) => [each.name, each.volumes]),
    )
    expect(volumes[volume.host]).toBe(1)
  })

  it('shows the microVMs that it has, and whose they are', async () => {
    api.startRunner()
    const { body: vm } = await client.post('/v1/vms', { memory_mb: 512 })
    const { body: other } = await client.post('/v1/vms', { memory_mb: 512 })
    await client.post(`/v1/vms/${other.vm_id}/suspend`)
    const { body } = await operator.get(path)
    const [used] = body.hosts.filter(({ microvms }: { microvms: object }) => 'running' in microvms)
    expect(used.microvms).toEqual({ running: 1, suspended: 1 })
    expect(used.capacity).toMatchObject({
      memory_gb: { promised: 0.13 },
      vcpus: { promised: 0 },
    })
    expect((await look(used.name)).holders).toMatchObject([
      { account_id: client.caller.accountPublicId, instances: 0, microvms: 2, memory_gb: 0.13 },
    ])
    const account = await operator.get(`/api/operator/accounts/${client.caller.accountPublicId}/`)
    expect(account.body.account.counts).toMatchObject({ instances: 0, microvms: 2, vcpus: 4 })
    await client.delete(`/v1/vms/${vm.vm_id}`)
    expect((await look(used.name)).microvms).toEqual({ suspended: 1 })
  })

  it('that nobody knows any more is shown as long as something is on it', async () => {
    const instance = await api.runningInstance(client.caller)
    await api.db
      .updateTable('instances')
      .set({ host: 'gone' })
      .where('id', '=', instance.id)
      .execute()
    expect(await look('gone')).toMatchObject({
      present: false,
      machines: { ACTIVE: 1 },
      capacity: { vcpus: { total: 0, promised: 1, free: -1 } },
    })
    expect((await operator.get(`${path}${testRegion}/never/`)).status).toBe(404)
    expect((await drain('never')).status).toBe(404)
  })
})

describe('a drained host', () => {
  it('gets no new machine, also in the stock, and takes them again', async () => {
    expect((await drain('one')).body.host.drained).toMatchObject({ reason: 'Fan' })
    for (let n = 0; n < 3; n++) expect((await api.deploy(client.caller)).host).toBe('two')
    await api.volume(client.caller).then((volume) => expect(volume.host).toBe('two'))
    expect(await available()).toBe(false)
    const key = await api.sshKey(client.caller)
    const full = await client.post('/api/deploy/', {
      vm_name: 'large',
      region: testRegion,
      flavor: 'cpu-medium',
      os_image: testImage,
      ssh_key_ids: [key.public_id],
    })
    expect(full.body).toMatchObject({
      error_code: 'INSUFFICIENT_CAPACITY',
      message: expect.stringContaining('being emptied'),
    })
    expect((await drain('one', 'undrain')).body.host.drained).toBe(null)
    expect(await available()).toBe(true)
    expect((await api.deploy(client.caller, 'large', { flavor: 'cpu-medium' })).host).toBe('one')
  })

  it('leaves what runs alone, and starts nothing again', async () => {
    const [runs, stopped, asleep] = [
      await api.runningInstance(client.caller),
      await api.runningInstance(client.caller),
      await api.runningInstance(client.caller),
    ]
    const at = (id: string, verb: string) => client.post(`/api/instances/${id}/${verb}/`)
    await at(stopped.public_id, 'stop')
    await api.change((tx) =>
      api.services.hibernation.hibernate(tx, client.caller, asleep.public_id, {
        retain_capacity: true,
      }),
    )
    await api.settle()
    await drain('one')
    await drain('two')
    const restore = api.change((tx) =>
      api.services.hibernation.restore(tx, client.caller, asleep.public_id, {}),
    )
    await expect(restore).rejects.toMatchObject({ code: 'INSUFFICIENT_CAPACITY' })
    const refused = await at(stopped.public_id, 'start')
    expect([refused.status, refused.body.error_code]).toEqual([409, 'INSUFFICIENT_CAPACITY'])
    expect((await at(runs.public_id, 'reboot')).status).toBe(200)
    await api.settle()
    expect((await api.instance(client.caller, runs)).status).toBe('ACTIVE')
    await drain(stopped.host, 'undrain')
    expect((await at(stopped.public_id, 'start')).status).toBe(200)
  })

  it('is remembered, with who did it, and once only', async () => {
    await drain('one')
    const { since } = (await look('one')).drained
    await operator.post(`${path}${testRegion}/one/drain/`, { reason: 'Two fans' })
    expect((await look('one')).drained).toEqual({ since, reason: 'Two fans' })
    await drain('one', 'undrain')
    await drain('one', 'undrain')
    const audit = await api.db
      .selectFrom('audit_log')
      .select(['account_id', 'action', 'subject_id'])
      .where('subject_kind', '=', 'host')
      .orderBy('id')
      .execute()
    expect(audit.map(({ action }) => action)).toEqual(['host.drain', 'host.drain', 'host.undrain'])
    expect(audit[0]).toMatchObject({
      account_id: operator.caller.accountId,
      subject_id: `${testRegion}/one`,
    })
  })
})
