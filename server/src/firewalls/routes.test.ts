/** What the API says about firewalls when something is wrong; nothing comes of it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { allow, allowSsh, testRegion } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let instance: string
let firewall: string
let before: unknown

beforeAll(async () => {
  api = await createApi()
  me = await api.client()
  instance = (await api.runningInstance(me.caller, 'guarded')).public_id
  firewall = `/api/firewalls/${(await api.firewall(me.caller, allowSsh)).public_id}/`
  await me.post(`${firewall}attach/`, { instance_ids: [instance] })
  await me.post(`/api/instances/${instance}/security-rules/`, allowSsh)
  await api.settle()
})
afterAll(() => api.close())
beforeEach(async () => {
  before = await footprint(api)
})
afterEach(async () => expect(await footprint(api)).toEqual(before))

describe('a firewall', () => {
  const wanted = (change: object) => ({ name: 'web', region: testRegion, ...change })

  it.each<[string, object, string, RegExp]>([
    ['a name of 51 characters', { name: 'x'.repeat(51) }, 'name', /no more than 50/],
    ['an empty name', { name: '' }, 'name', /blank/],
    ['a slash in its name', { name: 'a/b' }, 'name', /letters, digits/],
    ['a description of 256 characters', { description: 'x'.repeat(256) }, 'description', /255/],
    ['an unknown region', { region: 'MARS-1' }, 'region', /"MARS-1".*LOCAL-1/],
    ['no region', { region: undefined }, 'region', /required/],
  ])('with %s is a 400', async (_, change, field, words) => {
    const reply = await me.post('/api/firewalls/', wanted(change))
    expect(Object.keys(expectRefusal(reply, 400, 'VALIDATION_ERROR', words))).toEqual([field])
  })

  it('of a name that is taken is a 409', async () => {
    const { name } = (await me.get(firewall)).body.firewall
    const reply = await me.post('/api/firewalls/', wanted({ name: name.toUpperCase() }))
    expectRefusal(reply, 409, 'NAME_ALREADY_EXISTS', /choose another/)
  })

  it('that is attached is not deleted', async () => {
    expectRefusal(await me.delete(firewall), 409, 'FIREWALL_IN_USE', instance, /force=true/)
    const maybe = await me.delete(`${firewall}?force=perhaps`)
    expect(Object.keys(expectRefusal(maybe, 400, 'VALIDATION_ERROR'))).toEqual(['force'])
  })

  it.each<[string, unknown, RegExp]>([
    ['nothing', [], /at least 1/],
    [
      '51 instances',
      Array.from({ length: 51 }, (_, n) => `BRK-${100_000 + n}D`),
      /no more than 50/,
    ],
    ['one instance twice', ['BRK-100001D', 'BRK-100001D'], /only once/],
    ['a text', 'BRK-100001D', /list/],
  ])('is not attached to %s', async (_, instance_ids, words) => {
    for (const action of ['attach', 'detach']) {
      const reply = await me.post(`${firewall}${action}/`, { instance_ids })
      const fields = expectRefusal(reply, 400, 'VALIDATION_ERROR', words)
      expect(Object.keys(fields)).toEqual(['instance_ids'])
    }
  })

  it('is not attached to what does not exist, and it says to what', async () => {
    const instance_ids = ['BRK-000001D', 'BRK-000002D']
    const reply = await me.post(`${firewall}attach/`, { instance_ids })
    expectRefusal(reply, 404, 'NOT_FOUND', /BRK-000001D/, /BRK-000002D/)
  })
})

describe('a rule', () => {
  const places = () => [`${firewall}rules/`, `/api/instances/${instance}/security-rules/`]

  it('that is there already is a 409', async () => {
    for (const path of places())
      expectRefusal(await me.post(path, allowSsh), 409, 'RULE_ALREADY_EXISTS', /Rule \d+/)
  })

  it('that is wrong is a 400 with all that is wrong', async () => {
    const wrong = { ...allow(80), port_range_max: 79, remote_ip_prefix: '300.0.0.0/8' }
    for (const path of places()) {
      const fields = expectRefusal(await me.post(path, wrong), 400, 'VALIDATION_ERROR')
      expect(Object.keys(fields).sort()).toEqual(['port_range_max', 'remote_ip_prefix'])
    }
  })

  it('that does not exist cannot be removed', async () => {
    for (const path of places())
      expectRefusal(await me.delete(`${path}4711/`), 404, 'NOT_FOUND', /4711/)
  })

  it('of the firewall is not one of the instance', async () => {
    const { rules } = (await me.get(firewall)).body.firewall
    const path = `/api/instances/${instance}/security-rules/${rules[0].id}/`
    expectRefusal(await me.delete(path), 404, 'NOT_FOUND', rules[0].id)
  })
})

it('all 26 protocols are told, and which of them take ports', async () => {
  const { protocols, count } = (await me.get('/api/firewalls/protocols/')).body
  expect(count).toBe(26)
  const withPorts = protocols.filter((each: { requires_ports: boolean }) => each.requires_ports)
  expect(withPorts.map((each: { name: string }) => each.name)).toEqual(['tcp', 'udp'])
})

it('the list counts what there is', async () => {
  const { statistics, limit } = (await me.get('/api/firewalls/')).body
  expect({ statistics, limit }).toEqual({
    statistics: { total_firewalls: 1, total_rules: 1, attachments: 1, active: 1 },
    limit: 25,
  })
})

it('the instances that can be chosen say whether they are attached', async () => {
  const id = firewall.split('/')[3]
  const { vms } = (await me.get(`/api/firewalls/available-instances/?firewall_id=${id}`)).body
  expect(vms).toMatchObject([{ instance_id: instance, is_attached: true }])
  const without = (await me.get('/api/firewalls/available-instances/')).body.vms
  expect(without[0]).not.toHaveProperty('is_attached')
})

it('the instance shows what protects it', async () => {
  const shown = (await me.get(`/api/instances/${instance}/`)).body.instance
  expect(shown.security_rules).toMatchObject([{ status: 'SUCCESS', remote_ip_prefix: '0.0.0.0/0' }])
  expect(shown.firewalls).toMatchObject([{ attachment_status: 'SUCCESS', rule_count: 1 }])
})
