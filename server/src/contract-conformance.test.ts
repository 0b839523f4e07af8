/** What the server answers is what the contract says: every route, every key, nothing more. */
import { isWrite } from '@garrison/contract/access'
import { api as contract, websocketRoutes } from '@garrison/contract/api'
import { keysOf, published } from '@garrison/contract/fixtures/published'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from './config.ts'
import { type StandIn, startStandIn } from './payments/razorpay.testing.ts'
import { type Api, createApi } from './testing/api.ts'
import { operatorStory } from './testing/operator-story.ts'
import { allow, newPublicKey, testImage, testRegion } from './testing/world.ts'

/** What websockets and streams answer is tested beside them. */
const elsewhere = [...websocketRoutes, 'streamEvents'] as const
type RouteName = Exclude<keyof typeof contract, (typeof elsewhere)[number]>
type Input = {
  params?: Record<string, string>
  query?: string
  body?: unknown
  /** Whose key, where it is not that of the story. */
  by?: string
}

const { gpu_models, assistant, payments } = loadConfig({
  env: {},
  dataDir: '/nowhere',
  demo: true,
})
const host = { name: 'gpu-host', vcpus: 512, memoryMib: 4_194_304, diskGb: 100_000 }
const gpus = Object.keys(gpu_models).map((model) => ({ model, count: 8 }))
const region = {
  name: testRegion,
  tier: 'legacy' as const,
  display_name: 'Here',
  country: 'Norway',
  continent: 'Europe',
  gpu_models: Object.keys(gpu_models),
  flavors: ['cpu-small'],
  minimum_volume_gb: 10,
  os_images: [testImage],
  address_pools: [],
}

let api: Api
let razorpay: StandIn
let key: string
let operatorKey: string
let answered: Set<RouteName>
let written: Map<RouteName, string[]>

async function open(engine: 'qemu' | 'simulated') {
  razorpay = await startStandIn()
  api = await createApi({
    config: {
      gpu_models,
      assistant,
      regions: [{ ...region, engine }],
      billing: { mode: 'prepaid', currency: 'USD' },
      payments: { ...payments, razorpay: razorpay.config },
    },
    hosts: [{ ...host, diskFreeGb: 50_000, gpus }],
  })
  api.startRunner()
  operatorKey = (await api.client('Operator', { role: 'operator' })).key
  const { caller, key: made } = await api.client()
  key = made
  const { accountId, currency } = caller
  const credits = { accountId, currency, micros: 1e12, description: 'Enough' }
  await api.change((tx) => api.services.billing.grant(tx, credits))
  answered = new Set()
  written = new Map()
}
afterEach(async () => {
  await api.close()
  await razorpay.close()
})

/** Calls a route as the contract describes it, and holds the answer against its schema. */
async function call(name: RouteName, { params = {}, query = '', body, by = key }: Input = {}) {
  const { method, path, responses } = contract[name]
  const filled = path.replace(/\{(\w+)\}/g, (_, param: string) => params[param] ?? `no ${param}`)
  const reply = await api.send(method.toUpperCase(), filled + query, {
    key: path.startsWith('/api/operator/') ? operatorKey : by,
    ...(body !== undefined && { body }),
  })
  expect(reply.status, `${name}: ${JSON.stringify(reply.body)}`).toBe(200)
  // Parsing drops what the schema does not know, however deep: so this is strict all the way down.
  const { content } = responses[200]
  if (!('application/json' in content)) throw new Error(`${name} answers no JSON`)
  const { schema } = content['application/json']
  expect(schema.parse(reply.body), name).toEqual(reply.body)
  answered.add(name)
  note(name, reply.body)
  return reply
}

/** Requests that changed something, by the route that they came to. */
function note(name: RouteName, { request_id }: { request_id?: string }) {
  if (!isWrite(contract[name]) || request_id === undefined) return
  written.set(name, [...(written.get(name) ?? []), request_id])
}

const body = async (name: RouteName, input?: Input) => (await call(name, input)).body

/** Everything that the API can do, once; answers what restore and the list of images answered. */
async function story() {
  const { ssh_key } = await body('createSshKey', {
    body: { name: 'laptop', public_key: newPublicKey() },
  })
  const made = await body('createSshKey', { body: { name: 'made-for-me' } })
  await call('getSshKey', { params: { key_id: ssh_key.id } })
  await call('listSshKeys', { query: '?search=LAP' })
  await call('deleteSshKey', { params: { key_id: made.ssh_key.id } })

  const common = { region: testRegion, os_image: testImage, ssh_key_ids: [ssh_key.id] }
  const deployed = await body('deployInstance', {
    body: { ...common, vm_name: 'web-1', gpu_model: 'A40', gpu_count: 2 },
  })
  const params = { instance_id: deployed.data.instance_id as string }
  await call('getInstance', { params })
  await api.settle()
  await call('getInstance', { params })
  await call('listInstances', { query: '?status=ACTIVE&search=web&tier=legacy' })
  await call('listEligibleInstances', { query: `?region=${testRegion}` })
  for (const enable of [true, false]) {
    await call('togglePublicIp', { params, body: { enable } })
    await api.settle()
    await call('getInstance', { params })
  }
  for (const action of ['stopInstance', 'startInstance', 'rebootInstance'] as const) {
    await call(action, { params })
    await api.settle()
  }
  await call('hibernateInstance', { params, body: { retain_capacity: true } })
  await api.settle()
  await call('listHibernatedInstances')
  await call('getInstance', { params })
  await call('restoreInstance', { params, body: {} })
  await api.settle()

  await call('createConsoleToken', { params, body: {} })
  await call('getConsoleLog', { params, query: '?bytes=100' })
  await call('getMetrics', { params, query: '?step=300' })

  const { snapshot } = await body('createSnapshot', {
    body: { ...params, name: 'before', description: 'Before it' },
  })
  await api.settle()
  const both = await body('createInstanceSnapshot', {
    params,
    body: { name: 'both', create_as_image: true },
  })
  await api.settle()
  const snapshotParams = { snapshot_id: snapshot.id as string }
  await call('getSnapshot', { params: snapshotParams })
  await call('listSnapshots')
  await call('rollbackInstance', {
    params,
    body: { ...snapshotParams, snapshot_first: 'way-back', force: true },
  })
  await api.settle()
  const restored = await call('restoreSnapshot', {
    params: snapshotParams,
    body: { new_vm_name: 'web-2' },
  })

  await transferStory(snapshotParams)

  const { image } = await body('createImage', { body: { ...snapshotParams, name: 'base' } })
  await api.settle()
  const imageParams = { image_id: image.id as string }
  await call('getImage', { params: imageParams })
  const images = await call('listImages')
  await call('getSnapshotImages', { params: snapshotParams })
  await call('listSnapshotImages', {
    body: { snapshot_ids: [snapshot.id, both.snapshot.id, 'BRK-000000S'] },
  })
  await body('deployInstance', {
    body: {
      vm_name: 'web-3',
      region: testRegion,
      gpu_model: 'A40',
      boot_source: 'custom_image',
      image_id: image.id,
      ssh_key_ids: [ssh_key.id],
    },
  })
  await api.settle()

  await firewallStory(params)
  await scriptStory({ ...common, gpu_model: 'A40' })
  await volumeStory(params, common.ssh_key_ids)
  await policyStory(params, snapshotParams)
  await waitingStory(common)

  const { operations } = await body('listOperations', { query: '?state=done&page_size=100' })
  for (const { id } of operations) await call('getOperation', { params: { operation_id: id } })
  await call('listEvents')
  await call('listEventKinds')
  await accountStory()
  await assistantStory()
  await call('listAudit')
  await call('getBalance')
  await creditStory()
  await call('getCreditHistory')
  await call('getInstanceBilling', { query: '?search=web&status=active' })
  await call('getSnapshotBilling')
  await call('getVolumeBilling')
  await call('getMicrovmBilling')
  await call('listRegions')
  await call('listFlavors')
  await call('getGpuStocks')
  await api.services.stockHistory.sample()
  await call('getGpuStockHistory', { query: '?gpu_model=A40&step=3600' })
  await call('getGpuSpecs', { query: '?gpu_model=A40' })
  await call('listOsImages', { query: `?region=${testRegion}` })
  await call('getPricing', { query: '?currency=EUR&gpu_model=A40&gpu_count=4' })
  await call('queryPricing', { body: { volume_type: 'SSD', volume_size_gb: 500 } })
  await call('getHealth')
  await call('getReadiness')

  await operatorStory(body, api)

  await call('deleteImage', { params: imageParams })
  await call('deleteSnapshot', { params: snapshotParams })
  await call('deleteInstance', { params })
  await api.settle()
  await call('getInstance', { params })
  await call('listInstances', { query: '?status=DELETED' })
  return { restored, images }
}

async function accountStory() {
  await call('getAccount')
  await call('getProfile')
  const { content } = contract.updateProfile.request.body
  // In the country whose currency the account has: machines are being billed.
  const profile = { ...content['application/json'].example, country: 'US' }
  await call('updateProfile', { body: profile })
  const { api_key } = await body('createApiKey', { body: { name: 'other', access: 'read-only' } })
  const params = { api_key_id: api_key.id as string }
  await call('changeApiKey', { params, body: { name: 'renamed' } })
  await call('listApiKeys')
  await call('getBudget')
  await call('getApiKeyBudget', { params })
  // Nothing is charged here, so that there is nothing to limit.
  await call('setBudget', { body: { monthly_cap: null } })
  await call('setApiKeyBudget', { params, body: { monthly_cap: null } })
  await call('revokeApiKey', { params })

  await call('listPeople')
  const guest = await api.person({ email: 'grace@example.org' })
  const invited = await body('invitePerson', { body: { email: 'grace@example.org' } })
  const personParams = { person_id: invited.person.id as string }
  await call('changePerson', { params: personParams, body: { role: 'member', name: 'Grace' } })
  await api.db
    .updateTable('people')
    .set({ invited_at: new Date(0) })
    .execute()
  await call('resendInvitation', { params: personParams })
  await call('acceptInvitation', { body: { token: await api.mailedToken() }, by: guest.key })
  await call('removePerson', { params: personParams })
}

async function assistantStory() {
  await call('listModels')
  const asked = {
    model: 'barrack-small',
    messages: [{ role: 'user', content: 'How many of my instances run?' }],
    tools: 'garrison',
  }
  const { headers } = await call('createChatCompletion', { body: asked })
  expect(headers.get('garrison-simulated')).toBe('true')
  await call('getUsageSummary', { query: '?start_date=2026-01-10' })
  await call('getUsageHistory', { query: '?model=barrack-small' })
}

async function creditStory() {
  await call('getCreditPackages')
  const { order } = await body('createOrder', { body: { package: 'Starter' } })
  const payment = razorpay.pay(order.provider_order_id)
  await call('verifyPayment', { body: razorpay.checkout(payment) })
  const refund = razorpay.payBack(payment, 500)
  const hook = razorpay.hook('refund.processed', { payment, refund })
  const { path, responses } = contract.receivePaymentWebhook
  const told = await api.send('POST', path.replace('{provider}', 'razorpay'), hook)
  expect(responses[200].content['application/json'].schema.parse(told.body)).toEqual(told.body)
  answered.add('receivePaymentWebhook')
  await call('getOrder', { params: { order_id: order.id } })
  await call('listOrders', { query: '?state=partially_refunded' })
}

async function scriptStory(deployment: object) {
  const create = (name: string) =>
    body('createScript', { body: { name, script: '#!/bin/sh\necho hello\n' } })
  const { script } = await create('web server')
  const params = { script_id: script.id as string }
  await call('getScript', { params })
  await call('updateScript', { params, body: { name: 'renamed' } })
  await call('patchScript', { params, body: { script: '#!/bin/sh\necho again\n' } })
  await call('listScripts', { query: '?search=RENAMED' })
  await call('listScripts', { query: '?fields=summary' })
  const { data } = await body('deployInstance', {
    body: { ...deployment, vm_name: 'scripted', startup_script_id: script.id },
  })
  const machine = { instance_id: data.instance_id as string }
  await call('getStartupLog', { params: machine })
  await api.settle()
  expect((await body('getStartupLog', { params: machine })).status).toBe('succeeded')
  await call('deleteInstance', { params: machine })
  await api.settle()
  const other = await create('other')
  await call('deleteScripts', { body: { scripts: [other.script.id, 'BRK-000000C'] } })
  await call('deleteScript', { params })
}

/** Files are neither asked for nor answered in JSON. */
async function transferStory(params: { snapshot_id: string }) {
  await call('createSnapshotExport', { params })
  await api.settle()
  const { export: exported } = await body('getSnapshotExport', { params })
  const file = await api.send('GET', exported.download_path, { key })
  expect(file.status).toBe(200)
  answered.add('downloadSnapshotExport')
  const { manifest } = exported
  const announce = (name: string) =>
    body('importSnapshot', { body: { manifest, region: testRegion, name } })
  const { snapshot, import: begun } = await announce('imported')
  await call('getSnapshotImport', { params: { snapshot_id: snapshot.id } })
  const sent = await api.app.request(begun.upload_path, {
    method: 'PUT',
    headers: { Authorization: `Api-Key ${key}` },
    body: file.body,
  })
  const { content } = contract.uploadSnapshotImport.responses[200]
  const reply = await sent.json()
  expect(content['application/json'].schema.parse(reply)).toEqual(reply)
  answered.add('uploadSnapshotImport')
  note('uploadSnapshotImport', reply as { request_id: string })
  await api.settle()
  const { snapshot: imported } = await body('getSnapshot', { params: { snapshot_id: snapshot.id } })
  expect(imported.status).toBe('SUCCESS')
  const other = await announce('given-up')
  await call('deleteSnapshotImport', { params: { snapshot_id: other.snapshot.id } })
  await call('deleteSnapshotExport', { params })
  await api.settle()
}

async function waitingStory(common: object) {
  const wait_until = new Date(Date.now() + 3_600_000).toISOString()
  const shape = { gpu_model: 'L40', gpu_count: 8, wait_until }
  const { data } = await body('deployInstance', {
    body: { ...common, ...shape, vm_name: 'first' },
  })
  const { deploy_request } = await body('deployInstance', {
    body: { ...common, ...shape, vm_name: 'second' },
  })
  const params = { request_id: deploy_request.id as string }
  await call('getDeployRequest', { params })
  await call('listDeployRequests', { query: '?state=waiting' })
  await call('cancelDeployRequest', { params })
  await call('deleteInstance', { params: { instance_id: data.instance_id as string } })
  await api.settle()
}

async function policyStory(
  { instance_id }: { instance_id: string },
  snapshotParams: { snapshot_id: string },
) {
  for (const pinned of [true, false]) {
    await call('pinSnapshot', { params: snapshotParams, body: { pinned } })
  }
  const { policy } = await body('createSnapshotPolicy', {
    body: { name: 'nightly', hourly: 24, monthly: 12, instance_ids: [instance_id] },
  })
  const params = { policy_id: policy.id as string }
  await call('getSnapshotPolicy', { params })
  await call('changeSnapshotPolicy', { params, body: { description: 'At night' } })
  await call('previewSnapshotPolicy', { params, query: '?daily=7' })
  await call('listSnapshotPolicies', { query: '?search=NIGHT' })
  await call('deleteSnapshotPolicy', { params })
}

async function firewallStory(params: { instance_id: string }) {
  await call('getProtocols')
  const { firewall } = await body('createFirewall', {
    body: { name: 'web', region: testRegion, description: 'SSH and the web' },
  })
  const path = { firewall_id: firewall.id as string }
  const { rule } = await body('addFirewallRule', { params: path, body: allow(22) })
  await call('attachFirewall', {
    params: path,
    body: { instance_ids: [params.instance_id, 'BRK-000000D'] },
  })
  await call('getFirewall', { params: path })
  const added = await body('addSecurityRule', {
    params,
    body: { ...allow(22), protocol: 'icmp', port_range_min: undefined, port_range_max: undefined },
  })
  await api.settle()
  await call('getFirewall', { params: path })
  await call('getInstance', { params })
  await call('listInstanceFirewalls', { params })
  await call('listFirewalls', { query: `?search=WEB&region=${testRegion}` })
  await call('listAvailableInstances', { query: `?firewall_id=${firewall.id}` })
  const ofInstance = { ...params, rule_id: added.security_rule.id as string }
  const removed = await call('removeSecurityRule', { params: ofInstance })
  expect(Object.keys(removed.body).sort()).toEqual(
    ['success', 'message', 'instance_id', 'rule_id', 'tier', 'request_id'].sort(),
  )
  await call('removeFirewallRule', { params: { ...path, rule_id: rule.id as string } })
  await call('detachFirewall', { params: path, body: { instance_ids: [params.instance_id] } })
  await api.settle()
  await call('deleteFirewall', { params: path, query: '?force=true' })
}

async function volumeStory(params: { instance_id: string }, ssh_key_ids: string[]) {
  await call('listVolumeTypes', { query: `?tier=legacy&region=${testRegion}` })
  const { volume } = await body('createVolume', {
    body: { name: 'data', region: testRegion, size_gb: 10, description: 'Data' },
  })
  const boot = await body('createVolume', {
    body: { name: 'boot', region: testRegion, size_gb: 20, bootable: true, os_image: testImage },
  })
  await api.settle()
  const path = { volume_id: volume.id as string }
  const { volume: copy } = await body('cloneVolume', { params: path, body: {} })
  await api.settle()
  await call('attachVolumes', { body: { ...params, volume_ids: [volume.id] } })
  await api.settle()
  await call('resizeVolume', { params: path, body: { size_gb: 11 } })
  await call('getVolume', { params: path })
  await api.settle()
  await call('getInstance', { params })
  await call('listVolumes', { query: '?search=DATA&status=in-use&bootable=false&tier=legacy' })
  await call('detachVolumes', { body: { volume_ids: [volume.id] } })
  await api.settle()
  await call('deleteVolume', { params: path })
  const deployed = await body('deployInstance', {
    body: {
      ...{ vm_name: 'from-volume', region: testRegion, gpu_model: 'A40', ssh_key_ids },
      ...{ boot_source: 'volume', volume_id: boot.volume.id, volume_ids: [copy.id] },
    },
  })
  await api.settle()
  const machine = { instance_id: deployed.data.instance_id as string }
  await call('getInstance', { params: machine })
  await call('getVolume', { params: { volume_id: boot.volume.id as string } })
  await call('deleteInstance', { params: machine })
  await api.settle()
}

async function webhookStory() {
  const { webhook } = await body('createWebhook', {
    body: { url: 'https://93.184.215.14/', event_patterns: ['*'] },
  })
  const params = { webhook_id: webhook.id as string }
  await call('listWebhooks')
  await call('getWebhook', { params })
  await call('updateWebhook', { params, body: { description: 'all of it' } })
  await call('rotateWebhookSecret', { params })
  const { delivery } = await body('testWebhook', { params })
  await call('listWebhookDeliveries', { params })
  await call('replayWebhookDelivery', { params: { delivery_id: delivery.id as string } })
  await call('deleteWebhook', { params })
}

/** Money is booked by whoever hears of it first, so its rows name the order and no request. */
const bookings: Readonly<Record<string, string>> = {
  verifyPayment: 'credits.purchase',
  receivePaymentWebhook: 'credits.refund',
}

/** Whatever changes something leaves a row that says so. */
async function expectAudited() {
  const rows = await api.db.selectFrom('audit_log').select(['request_id', 'action']).execute()
  const audited = new Set(rows.flatMap(({ request_id, action }) => [request_id, action]))
  const names = Object.keys(contract) as RouteName[]
  const writes = names.filter((name) => isWrite(contract[name]) && answered.has(name))
  expect(writes.length).toBeGreaterThan(50)
  const silent = writes.filter(
    (name) =>
      ![...(written.get(name) ?? []), bookings[name]].some((each) => each && audited.has(each)),
  )
  expect(silent).toEqual([])
}

describe('the server', () => {
  beforeEach(() => open('qemu'))

  it('answers every route of the contract as the contract says', async () => {
    await story()
    await webhookStory()
    const others = Object.keys(contract).filter(
      (name) => !(elsewhere as readonly string[]).includes(name),
    )
    expect([...answered].sort()).toEqual(others.sort())
    await expectAudited()
  })

  it('has every route of the contract, and no other under /api', () => {
    const registered = api.app.routes
      .filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/'))
      // What a library answers is described by it; docs/signing-in.md names what we offer of it.
      .filter(({ path }) => !path.startsWith('/api/auth/'))
      .map(({ method, path }) => `${method} ${path}`)
    const described = Object.values(contract)
      .filter(({ path }) => path.startsWith('/api/'))
      .map((route) => `${route.method.toUpperCase()} ${route.getRoutingPath()}`)
    expect([...new Set(registered)].sort()).toEqual(described.sort())
  })

  it('answers with the published keys', async () => {
    const { restored, images } = await story()
    expect(keysOf(restored.body)).toEqual(keysOf(await published('snapshot-restore.200')))
    expect(keysOf(images.body)).toEqual(keysOf(await published('custom-images-list.200')))
  })
})

describe('a simulated region', () => {
  beforeEach(() => open('simulated'))

  it('says so wherever the shape is ours, and in a header where it is published', async () => {
    const { restored } = await story()
    expect(restored.headers.get('garrison-simulated')).toBe('true')
    expect(restored.body).not.toHaveProperty('simulated')
    const simulated = { simulated: true }
    expect((await body('listInstances')).instances[0]).toMatchObject(simulated)
    expect((await body('listRegions')).regions[0]).toMatchObject(simulated)
    expect((await body('listFlavors')).flavors[0]).toMatchObject(simulated)
    expect((await body('listOperations')).operations[0]).toMatchObject(simulated)
    const [{ instance_id }] = (await body('listInstances')).instances
    for (const name of ['createConsoleToken', 'getConsoleLog', 'getMetrics'] as const)
      expect(await body(name, { params: { instance_id } })).toMatchObject(simulated)
  })

  it('tells nobody how to log in where nobody can', async () => {
    await story()
    const { instances } = await body('listInstances')
    expect(instances.map((each: { ssh_command: unknown }) => each.ssh_command)).toEqual([
      null,
      null,
    ])
  })
})
