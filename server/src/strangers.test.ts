/** What one account has does not exist for another: every route that takes an id, every list. */
import { api as contract } from '@garrison/contract/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unpaidOrder } from './payments/testing.ts'
import { type Api, createApi } from './testing/api.ts'
import { footprint } from './testing/footprint.ts'
import { expectRefusal } from './testing/refusal.ts'
import { allowSsh, testImage, testRegion } from './testing/world.ts'

type RouteName = keyof typeof contract

let api: Api
let stranger: Awaited<ReturnType<Api['client']>>
/** The owner's things by the names that paths have for them. */
let ids: Record<string, string>

beforeAll(async () => {
  // Beside the owner's machine there is no room for a large one, which therefore waits.
  api = await createApi({
    hosts: [{ name: 'small', vcpus: 2, memoryMib: 8192, diskGb: 500, diskFreeGb: 500, gpus: [] }],
  })
  const owner = await api.client('Owner')
  stranger = await api.client('Stranger')
  const instance = await api.runningInstance(owner.caller)
  const snapshot = await api.readySnapshot(owner.caller, instance)
  const { image } = (
    await owner.post('/api/custom-images/', { snapshot_id: snapshot.public_id, name: 'base' })
  ).body
  await api.settle()
  const { operations } = (await owner.get('/api/operations/')).body
  const key = await api.sshKey(owner.caller)
  const firewall = await api.firewall(owner.caller, allowSsh)
  const { rules } = await api.services.firewalls.contentsOf(api.db, firewall)
  await owner.post(`/api/firewalls/${firewall.public_id}/attach/`, {
    instance_ids: [instance.public_id],
  })
  await api.settle()
  const { policy } = (await owner.post('/api/snapshot-policies/', { name: 'nightly', daily: 1 }))
    .body
  const { body: waiting } = await owner.post('/api/deploy/', {
    vm_name: 'waits',
    region: testRegion,
    flavor: 'cpu-large',
    os_image: testImage,
    ssh_key_ids: [key.public_id],
    wait_until: new Date(Date.now() + 3_600_000).toISOString(),
  })
  ids = {
    instance_id: instance.public_id,
    snapshot_id: snapshot.public_id,
    image_id: image.id,
    key_id: key.public_id,
    operation_id: operations[0].id,
    firewall_id: firewall.public_id,
    script_id: (await api.startupScript(owner.caller)).public_id,
    policy_id: policy.id,
    request_id: waiting.deploy_request.id,
    rule_id: rules[0]?.id ?? '',
    volume_id: (await api.volume(owner.caller, { bootable: true })).public_id,
    order_id: (await unpaidOrder(api, owner.caller)).public_id,
    provider: 'none',
  }
})
afterAll(() => api.close())

const names = Object.keys(contract) as RouteName[]

/** A body that is right in itself, so that nothing but the id can be wrong. */
const bodies: Partial<Record<RouteName, object>> = {
  createInstanceSnapshot: { name: 'mine' },
  restoreSnapshot: { new_vm_name: 'mine' },
  rollbackInstance: { snapshot_id: 'BRK-000000S' },
  addSecurityRule: allowSsh,
  addFirewallRule: allowSsh,
  pinSnapshot: { pinned: true },
  changeSnapshotPolicy: { daily: 2 },
  attachFirewall: { instance_ids: ['BRK-000000D'] },
  detachFirewall: { instance_ids: ['BRK-000000D'] },
  updateScript: { name: 'mine' },
  patchScript: { name: 'mine' },
  cloneVolume: {},
  resizeVolume: { size_gb: 100 },
  receivePaymentWebhook: { event: 'order.paid' },
}

describe('a stranger', () => {
  // What is the operator's is refused to everybody else before anything is looked for.
  const withId = names.filter(
    (name) =>
      contract[name].path.includes('{') && !contract[name].path.startsWith('/api/operator/'),
  )

  it.each(withId)("finds nothing by another account's id: %s", async (name) => {
    const before = await footprint(api)
    const { method, path } = contract[name]
    const filled = path.replace(/\{(\w+)\}/g, (_, param: string) => ids[param] ?? '')
    const body = bodies[name]
    const reply = await api.send(method.toUpperCase(), filled, {
      key: stranger.key,
      ...(body && { body }),
    })
    expectRefusal(reply, 404, 'NOT_FOUND')
    expect(await footprint(api)).toEqual(before)
  })

  const deployment = () => ({
    vm_name: 'mine',
    region: testRegion,
    flavor: 'cpu-small',
    ssh_key_ids: [ids.key_id],
  })

  it.each([
    ['its key', () => ({ ...deployment(), os_image: testImage })],
    [
      'its image',
      () => ({
        ...deployment(),
        boot_source: 'custom_image',
        image_id: ids.image_id,
      }),
    ],
    ['its volume', () => ({ ...deployment(), boot_source: 'volume', volume_id: ids.volume_id })],
    [
      'its volume beside a disk',
      () => ({ ...deployment(), os_image: testImage, volume_ids: [ids.volume_id] }),
    ],
  ])('cannot deploy with %s', async (_, body) => {
    const before = await footprint(api)
    expectRefusal(await stranger.post('/api/deploy/', body()), 404, 'NOT_FOUND')
    expect(await footprint(api)).toEqual(before)
  })

  it('cannot take a snapshot of its machine, nor make an image of its snapshot', async () => {
    const before = await footprint(api)
    const { instance_id, snapshot_id } = ids
    const snapshot = await stranger.post('/api/snapshots/', { instance_id, name: 'mine' })
    expectRefusal(snapshot, 404, 'NOT_FOUND')
    const image = await stranger.post('/api/custom-images/', { snapshot_id, name: 'mine' })
    expectRefusal(image, 404, 'NOT_FOUND')
    expect(await footprint(api)).toEqual(before)
  })

  it('cannot protect its machine with a firewall, nor a machine with its firewall', async () => {
    const mine = await api.firewall(stranger.caller)
    const key = await api.sshKey(stranger.caller)
    const before = await footprint(api)
    const { instance_id, firewall_id } = ids
    for (const action of ['attach', 'detach']) {
      const body = { instance_ids: [instance_id] }
      const reply = await stranger.post(`/api/firewalls/${mine.public_id}/${action}/`, body)
      expectRefusal(reply, 404, 'NOT_FOUND', instance_id ?? '')
    }
    const deployed = await stranger.post('/api/deploy/', {
      ...deployment(),
      os_image: testImage,
      ssh_key_ids: [key.public_id],
      firewall_ids: [firewall_id],
    })
    expectRefusal(deployed, 404, 'NOT_FOUND', firewall_id ?? '')
    const available = `/api/firewalls/available-instances/?firewall_id=${firewall_id}`
    expectRefusal(await stranger.get(available), 404, 'NOT_FOUND')
    expect(await footprint(api)).toEqual(before)
    await stranger.delete(`/api/firewalls/${mine.public_id}/`)
    await stranger.delete(`/api/ssh-keys/${key.public_id}/`)
  })

  it('can neither attach its volume, nor to its machine, nor detach it', async () => {
    const another = await api.client('Another')
    const mine = await api.volume(another.caller)
    const before = await footprint(api)
    const { instance_id, volume_id } = ids
    const attached = { instance_id, volume_ids: [mine.public_id] }
    const notMine = { volume_ids: [volume_id] }
    expectRefusal(await another.post('/api/volumes/attach/', attached), 404, 'NOT_FOUND')
    for (const body of [notMine, { ...notMine, instance_id }])
      expectRefusal(await another.post('/api/volumes/detach/', body), 404, 'NOT_FOUND')
    expect(await footprint(api)).toEqual(before)
  })

  it('learns of a snapshot among many only that it is not there', async () => {
    const { body } = await stranger.post('/api/custom-images/relationships/', {
      snapshot_ids: [ids.snapshot_id],
    })
    expect(body).toMatchObject({ relationships: {}, not_found: [ids.snapshot_id] })
  })

  it.each([
    ['/api/instances/', 'instances'],
    ['/api/instances/?status=ACTIVE', 'instances'],
    ['/api/snapshots/', 'snapshots'],
    ['/api/snapshots/eligible-instances/', 'vms'],
    ['/api/custom-images/', 'images'],
    ['/api/ssh-keys/', 'ssh_keys'],
    ['/api/firewalls/', 'firewalls'],
    ['/api/firewalls/available-instances/', 'vms'],
    ['/api/volumes/', 'volumes'],
    ['/api/operations/', 'operations'],
  ])('sees nothing in the list at %s', async (path, rows) => {
    const { body } = await stranger.get(path)
    expect(body[rows]).toEqual([])
    const counts = [
      body.pagination?.total_count,
      body.total_count,
      body.count,
      ...Object.values(body.statistics ?? {}),
    ]
    expect(counts.filter((count) => count !== undefined)).toSatisfy((found: number[]) =>
      found.every((count) => count === 0),
    )
  })

  it('may use the names that the owner uses', async () => {
    const { body } = await stranger.post('/api/ssh-keys/', { name: 'laptop' })
    const owner = await api.client('Another')
    expect((await owner.post('/api/ssh-keys/', { name: 'laptop' })).status).toBe(200)
    expect(body.success).toBe(true)
  })
})
