/**
 * One real thing of an account for each id that a path or a body can name. A new kind of thing gets its
 * line in `makers`; until then every operation that names one fails the walk.
 */
import { unpaidOrder } from '../../payments/testing.ts'
import type { Api } from '../api.ts'
import { allow, allowSsh, testImage, testRegion } from '../world.ts'

type Client = Awaited<ReturnType<Api['client']>>
type Site = { readonly api: Api; readonly client: Client; readonly id: Things['id'] }

/**
 * By the name that paths have for it, with the path's last fixed part before it where the name alone is
 * not clear.
 */
const makers: Readonly<Record<string, (site: Site) => Promise<string>>> = {
  instance_id: async ({ api, client }) => (await api.runningInstance(client.caller)).public_id,
  snapshot_id: async ({ api, client, id }) => {
    const public_id = await id('instance_id')
    return (await api.readySnapshot(client.caller, { public_id })).public_id
  },
  image_id: async ({ api, client, id }) => {
    const snapshot_id = await id('snapshot_id')
    const { body } = await client.post('/api/custom-images/', { snapshot_id, name: 'walked' })
    await api.settle()
    return body.image.id
  },
  key_id: async ({ api, client }) => (await api.sshKey(client.caller)).public_id,
  operation_id: async ({ client, id }) => {
    const subject = await id('instance_id')
    return (await client.get(`/api/operations/?subject=${subject}`)).body.operations[0].id
  },
  script_id: async ({ api, client }) => (await api.startupScript(client.caller)).public_id,
  firewall_id: async ({ api, client }) => (await api.firewall(client.caller, allowSsh)).public_id,
  volume_id: async ({ api, client }) => (await api.volume(client.caller)).public_id,
  'rules/rule_id': async ({ client, id }) => {
    const { body } = await client.get(`/api/firewalls/${await id('firewall_id')}/`)
    return body.firewall.rules[0].id
  },
  'security-rules/rule_id': async ({ api, client, id }) => {
    const path = `/api/instances/${await id('instance_id')}/security-rules/`
    const { body } = await client.post(path, allow(8080))
    await api.settle()
    return body.security_rule.id
  },
  account_id: async ({ api }) => (await api.account('Walked')).accountPublicId,
  region: async () => testRegion,
  host: async () => 'small',
  price_id: async ({ client }) => {
    const body = { kind: 'snapshot', prices: { USD: 1, EUR: 1, INR: 1 } }
    const effective_from = '2046-01-01T00:00:00Z'
    const reply = await client.post('/api/operator/prices/', { ...body, effective_from })
    return reply.body.price.id
  },
  api_key_id: async ({ client }) => {
    const { body } = await client.post('/api/account/api-keys/', { name: 'walked' })
    return body.api_key.id
  },
  webhook_id: async ({ client }) => {
    const wanted = { url: 'https://93.184.215.14/', event_patterns: ['*'] }
    return (await client.post('/api/webhooks/', wanted)).body.webhook.id
  },
  delivery_id: async ({ client, id }) =>
    (await client.post(`/api/webhooks/${await id('webhook_id')}/test/`)).body.delivery.id,
  person_id: async ({ client }) => {
    const { body } = await client.post('/api/account/people/', { email: 'walked@example.org' })
    return body.person.id
  },
  policy_id: async ({ client }) => {
    const { body } = await client.post('/api/snapshot-policies/', { name: 'walked', daily: 1 })
    return body.policy.id
  },
  request_id: async ({ client, id }) => {
    // Beside a machine there is no room for a large one, which therefore waits.
    await id('instance_id')
    const { body } = await client.post('/api/deploy/', {
      vm_name: 'waits',
      region: testRegion,
      flavor: 'cpu-large',
      os_image: testImage,
      ssh_key_ids: [await id('key_id')],
      wait_until: new Date(Date.now() + 3_600_000).toISOString(),
    })
    return body.deploy_request.id
  },
  order_id: async ({ api, client }) => (await unpaidOrder(api, client.caller)).public_id,
  razorpay_order_id: async ({ client, id }) => {
    const { body } = await client.get(`/api/credits/orders/${await id('order_id')}/`)
    return body.order.provider_order_id
  },
  razorpay_payment_id: async ({ client }) => `pay_${client.caller.accountPublicId}`,
  provider: async () => 'razorpay',
}

/** What bodies call it, where that is not what paths call it. */
const otherNames: Readonly<Record<string, string>> = {
  ssh_key_id: 'key_id',
  startup_script_id: 'script_id',
}

export type Things = Awaited<ReturnType<typeof createThings>>

export function createThings(api: Api, client: Client) {
  const made = new Map<string, Promise<string>>()

  function id(name: string): Promise<string> {
    const known = made.get(name)
    if (known !== undefined) return known
    const make = makers[name]
    if (make === undefined) {
      throw new Error(
        `Nobody knows how to make a thing for "${name}". Add a line to makers in server/src/testing/walk/things.ts`,
      )
    }
    const making = make({ api, client, id })
    made.set(name, making)
    return making
  }

  return {
    client,
    id,
    /** The thing that a path wants where `{param}` stands in it. */
    ofPath(path: string, param: string): Promise<string> {
      const before = path
        .slice(0, path.indexOf(`{${param}}`))
        .split('/')
        .at(-2)
      const specific = `${before}/${param}`
      return id(specific in makers ? specific : param)
    },
    /** The thing that a field of a body wants: `snapshot_id`, `ssh_key_ids`. */
    ofField(field: string): Promise<string> {
      const name = field.replace(/s$/, '')
      return id(otherNames[name] ?? name)
    },
  }
}
