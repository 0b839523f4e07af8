/** What may reach a machine, told by real connections to a real guest. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestServer } from './server.ts'

const service = 8080
/** Beyond this nobody answers any more: a packet to a guest on the same host takes far less than 1 ms. */
const silenceMs = 1_500

let server: TestServer
let id: string
let ip: string

beforeAll(async () => {
  server = await TestServer.start()
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  const { body } = await server.post('/api/deploy/', {
    vm_name: 'guarded',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    ssh_key_ids: [key.body.ssh_key.id],
  })
  id = body.data.instance_id
  await listen()
})
afterAll(() => server?.dispose())

/** The guest answers on the service's port whatever it is sent. */
async function listen() {
  const instance = await server.readyInstance(id)
  ip = instance.ip_address
  const echo = `busybox nc -ll -p ${service} -e cat </dev/null >/dev/null 2>&1 &`
  const listens = `until busybox netstat -ltn | grep -q ':${service} '; do sleep 0.1; done`
  await server.ssh(instance, `${echo} ${listens}`)
}

async function opened(): Promise<Socket> {
  const socket = connect(service, ip)
  await once(socket, 'connect', { signal: AbortSignal.timeout(silenceMs) })
  return socket
}

async function isOpen(): Promise<boolean> {
  try {
    const socket = await opened()
    try {
      return await echoes(socket)
    } finally {
      socket.destroy()
    }
  } catch {
    return false
  }
}

async function echoes(socket: Socket): Promise<boolean> {
  socket.write('anybody there?')
  try {
    await once(socket, 'data', { signal: AbortSignal.timeout(silenceMs) })
    return true
  } catch {
    return false
  }
}

const post = async (path: string, body?: unknown) => {
  const answer = await server.post(path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}
const remove = async (path: string) => {
  const answer = await server.delete(path)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
}

/** Until nothing is on its way to the machine any more, and nothing has failed on it. */
async function inForce() {
  const { body } = await server.until(`/api/instances/${id}/`, ({ body }) =>
    [
      ...body.instance.security_rules.map((rule: { status: string }) => rule.status),
      ...body.instance.firewalls.map(
        (each: { attachment_status: string }) => each.attachment_status,
      ),
    ].every((status) => status === 'SUCCESS'),
  )
  await server.settled()
  return body.instance
}

const allow = (port: number) => ({
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  remote_ip_prefix: '0.0.0.0/0',
  port_range_min: port,
  port_range_max: port,
})

async function firewall(name: string, ...ports: number[]): Promise<string> {
  const created = await post('/api/firewalls/', { name, region: 'LOCAL-1' })
  const path = `/api/firewalls/${created.firewall.id}/`
  for (const port of ports) await post(`${path}rules/`, allow(port))
  return path
}
const attach = (path: string) => post(`${path}attach/`, { instance_ids: [id] })
const detach = (path: string) => post(`${path}detach/`, { instance_ids: [id] })

it('a machine without a firewall is open', async () => {
  expect(await isOpen()).toBe(true)
})

describe('a machine with a firewall that lets in SSH', () => {
  let ssh: string
  let before: Socket
  beforeAll(async () => {
    ssh = await firewall('ssh', 22)
    before = await opened()
    expect(await echoes(before)).toBe(true)
    await attach(ssh)
    await inForce()
  })
  afterAll(() => before?.destroy())

  it('is closed to everything else, and a connection that was open is cut', async () => {
    expect(await isOpen()).toBe(false)
    expect(await echoes(before)).toBe(false)
    expect(await server.ssh(await server.readyInstance(id), 'hostname')).toBe('guarded')
  })

  it('is opened by a rule, and closed again without it, for connections that are open too', async () => {
    const { rule } = await post(`${ssh}rules/`, allow(service))
    await inForce()
    const socket = await opened()
    expect(await echoes(socket)).toBe(true)
    await remove(`${ssh}rules/${rule.id}/`)
    await inForce()
    expect(await echoes(socket)).toBe(false)
    expect(await isOpen()).toBe(false)
    socket.destroy()
  })

  it('is opened by a rule of its own, and closed again without it', async () => {
    const path = `/api/instances/${id}/security-rules/`
    const { security_rule } = await post(path, allow(service))
    await inForce()
    expect(await isOpen()).toBe(true)
    await remove(`${path}${security_rule.id}/`)
    await inForce()
    expect(await isOpen()).toBe(false)
  })

  it('ends in the last of many changes', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const { rule } = await post(`${ssh}rules/`, allow(service))
      await remove(`${ssh}rules/${rule.id}/`)
    }
    await inForce()
    expect(await isOpen()).toBe(false)
  })

  describe('and another that lets in the service', () => {
    let web: string
    beforeAll(async () => {
      web = await firewall('web', service)
      await attach(web)
      await inForce()
    })

    it('has the sum of their rules', async () => {
      expect(await isOpen()).toBe(true)
      expect(await server.ssh(await server.readyInstance(id), 'hostname')).toBe('guarded')
    })

    it('keeps its connections and its rules when the server is killed', async () => {
      const socket = await opened()
      await server.kill()
      expect(await echoes(socket)).toBe(true)
      await server.launch()
      expect(await echoes(socket)).toBe(true)
      socket.destroy()
      await detach(web)
      await inForce()
      expect(await isOpen()).toBe(false)
    })

    it('has its rules from the first moment after a stop and a start', async () => {
      await post(`/api/instances/${id}/stop/`)
      await server.instanceIn(id, 'SHUTOFF')
      await post(`/api/instances/${id}/start/`)
      await listen()
      expect(await isOpen()).toBe(false)
      await attach(web)
      await inForce()
      expect(await isOpen()).toBe(true)
    })
  })

  it('is open again when it is detached from all', async () => {
    const { firewalls } = await inForce()
    for (const { firewall_id } of firewalls) await detach(`/api/firewalls/${firewall_id}/`)
    await server.until(`/api/instances/${id}/firewalls/`, ({ body }) => body.count === 0)
    await remove(ssh)
    expect(await isOpen()).toBe(true)
  })
})

describe('a machine deployed with rules', () => {
  let guarded: string
  beforeAll(async () => {
    const { body } = await server.get('/api/ssh-keys/')
    const { data } = await post('/api/deploy/', {
      vm_name: 'guarded-from-birth',
      region: 'LOCAL-1',
      flavor: 'cpu-small',
      os_image: 'garrison-small',
      ssh_key_ids: [body.ssh_keys[0].id],
      security_rules: [allow(22)],
    })
    guarded = data.instance_id
  })

  it('lets in what they name, and nothing else', async () => {
    id = guarded
    await listen()
    expect(await isOpen()).toBe(false)
    const { security_rules } = await inForce()
    expect(security_rules).toMatchObject([{ status: 'SUCCESS', port_range_min: 22 }])
    await remove(`/api/instances/${id}/security-rules/${security_rules[0].id}/`)
    await server.settled()
    expect(await isOpen()).toBe(true)
  })
})
