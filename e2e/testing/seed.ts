/** An account of the demonstration that is in use: something of every kind, and the longest names there may be. */
import type { TestServer } from '../server.ts'

const region = 'CANADA-1'
const os_image = 'Ubuntu Server 22.04 LTS R550 CUDA 12.4'
/** As long as a name may be. */
export const longestName = 'training-of-the-large-language-model-for-norwegian'

/** Of the server that is seeded. */
export const config = { webhooks: { allow_networks: ['127.0.0.0/8'] } }

type Seeded = Pick<TestServer, 'send' | 'publicKey'>

async function make(server: Seeded, path: string, body: unknown, method = 'POST') {
  const answer = await server.send(method, path, body)
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/** Answers the id of an instance, once it runs. */
async function running(server: Seeded, id: string): Promise<string> {
  for (;;) {
    const { body } = await server.send('GET', `/api/instances/${id}/`)
    if (body.instance.status === 'ACTIVE') return id
    if (body.instance.status === 'ERROR') throw new Error(body.instance.error)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** Everything is there when it answers; some of it may still be on its way to where it is to be. */
export async function seed(server: Seeded) {
  const key = await make(server, '/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  const { body } = await server.send('GET', `/api/flavors/?region=${region}`)
  const flavors = body.flavors.filter((flavor: { available: boolean }) => flavor.available)
  // Two of them are all that there are.
  const large = flavors.find(({ name }: { name: string }) => name === 'RTX-A6000-x4')
  const deploy = async (vm_name: string, flavor = flavors[0]) => {
    const ssh_key_ids = [key.ssh_key.id]
    const given = { vm_name, region, flavor: flavor.name, os_image, ssh_key_ids }
    return (await make(server, '/api/deploy/', given)).data.instance_id as string
  }
  const [web, second, long, night] = await Promise.all([
    deploy('web-1'),
    deploy('web-2', large),
    deploy(longestName, large),
    deploy('night-batch'),
  ])
  const volumes = await Promise.all(
    [100, 200, 1_000].map((size_gb, at) =>
      make(server, '/api/volumes/', {
        name: ['scratch', 'datasets', longestName][at],
        region,
        size_gb,
      }),
    ),
  )
  const firewall = await make(server, '/api/firewalls/', {
    ...{ name: 'web', region, description: 'SSH and the web, for everybody' },
  })
  await make(server, `/api/firewalls/${firewall.firewall.id}/rules/`, {
    ...{ direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp' },
    ...{ remote_ip_prefix: '0.0.0.0/0', port_range_min: 443, port_range_max: 443 },
  })
  await make(server, '/api/scripts/', {
    name: 'web server',
    script: '#!/bin/sh\nhttpd -h /srv/www\n',
  })
  await make(server, '/api/account/api-keys/', { name: 'ci', access: 'read-only' })
  await make(server, '/api/account/people/', { email: 'grace@example.org', role: 'member' })
  const hook = await make(server, '/api/webhooks/', {
    // Nobody listens there, so deliveries fail, which is to be seen too.
    ...{ url: 'http://127.0.0.1:9/hooks/garrison', event_patterns: ['snapshot.*'] },
    description: 'Tells the on-call channel',
  })
  await make(server, '/api/account/budget/', { monthly_cap: 2_000 }, 'PUT')

  await Promise.all([web, second, long, night].map((id) => running(server, id)))
  await make(server, `/api/instances/${night}/hibernate/`, {})
  await Promise.all(
    [
      [web, 'before-upgrade'],
      [second, longestName],
    ].map(([instance_id, name]) =>
      make(server, '/api/snapshots/', { instance_id, name, description: `Taken as ${name}` }),
    ),
  )
  await make(server, '/api/volumes/attach/', {
    instance_id: long,
    volume_ids: [volumes[1].volume.id],
  })
  await make(server, `/api/firewalls/${firewall.firewall.id}/attach/`, { instance_ids: [long] })
  const policy = await make(server, '/api/snapshot-policies/', {
    ...{ name: 'nightly', daily: 7, weekly: 4, monthly: 12, instance_ids: [long] },
  })
  const waiting = await make(server, '/api/deploy/', {
    ...{ vm_name: 'sold-out', region, flavor: large.name, os_image },
    ssh_key_ids: [key.ssh_key.id],
    wait_until: new Date(Date.now() + 86_400_000).toISOString(),
  })
  const vm = await make(server, '/v1/vms', {
    ...{ vm_lifetime_seconds: 86_400, metadata: { name: longestName, task: 'tests' } },
  })
  const unbuilt = await make(server, '/v1/snapshots', {
    // No registry is there, so the build fails, which is to be seen too.
    ...{ oci_image: '127.0.0.1:9/tools/python:3.12-slim', name: longestName },
  })
  const { account } = await make(server, '/api/account/', undefined, 'GET')
  const { hosts } = await make(server, '/api/operator/hosts/', undefined, 'GET')
  const { operations } = await make(server, '/api/operations/', undefined, 'GET')
  const host = hosts.find((each: { region: string }) => each.region === region)
  const [one, wall] = [`/instances/${long}`, `/firewalls/${firewall.firewall.id}`]
  return {
    long: one,
    firewall: wall,
    /** What to show where an address has a place for it. */
    ids: {
      '/instances/$id': one,
      '/firewalls/$id': wall,
      '/webhooks/$id': `/webhooks/${hook.webhook.id}`,
      // Nobody sells credits here.
      '/credits/orders/$id': '/credits/orders/BRK-100001O',
      '/snapshots/policies/$id': `/snapshots/policies/${policy.policy.id}`,
      '/deploy-requests/$id': `/deploy-requests/${waiting.deploy_request.id}`,
      '/microvms/$id': `/microvms/${vm.vm_id}`,
      '/microvms/snapshots/$id': `/microvms/snapshots/${unbuilt.id}`,
      '/help/$guide': '/help/manage-snapshots',
      '/operator/hosts/$region/$host': `/operator/hosts/${region}/${host.name}`,
      '/operator/accounts/$id': `/operator/accounts/${account.id}`,
      '/operator/operations/$id': `/operator/operations/${operations[0].id}`,
    },
  }
}
