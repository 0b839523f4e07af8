/** A public address, asked for over the API, and who gets an answer there from a real guest. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer } from './server.ts'

const service = 8080
const run = promisify(execFile)

let server: TestServer
let path: string
let ip: string

beforeAll(async () => {
  server = await TestServer.start()
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  const { body } = await server.post('/api/deploy/', {
    vm_name: 'public',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    public_ip: true,
    ssh_key_ids: [key.body.ssh_key.id],
  })
  path = `/api/instances/${body.data.instance_id}/`
  ;({ ip_address: ip } = await serve())
})
afterAll(() => server?.dispose())

/** The guest answers with its name to whoever asks by HTTP. */
async function serve() {
  const instance = await server.readyInstance(path.split('/').at(-2) ?? '')
  const page = `HTTP/1.0 200 OK\\r\\n\\r\\npublic`
  const answer = `printf "while read -r line && [ \\"\\$line\\" != \\"\\$(printf '\\\\r')\\" ]; do :; done; printf '${page}'" > /tmp/answer`
  const listen = `busybox nc -ll -p ${service} -e sh /tmp/answer </dev/null >/dev/null 2>&1 &`
  const listens = `until busybox netstat -ltn | grep -q ':${service} '; do sleep 0.1; done`
  await server.ssh(instance, `${answer}; ${listen} ${listens}`)
  return instance
}

/** What curl gets there; `null`: nothing within so many seconds. */
async function page(host: string, seconds = 20): Promise<string | null> {
  const limit = ['--max-time', String(seconds)]
  const curl = ['--silent', '--noproxy', '*', ...limit, `http://${host}:${service}/`]
  return run('curl', curl).then(
    ({ stdout }) => stdout,
    () => null,
  )
}

async function post(call: string, body?: unknown) {
  const answer = await server.post(`${path}${call}/`, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  await server.settled()
  return answer.body
}
const details = async () => (await server.get(path)).body.instance

it('leads to the machine, which says how to log in there', async () => {
  const instance = await details()
  expect(instance).toMatchObject({ ip_status: 'assigned', ssh_command: `ssh root@${ip}` })
  expect(instance.private_ip).not.toBe(ip)
  expect(await page(ip)).toBe('public')
  expect(await server.ssh(instance, 'hostname')).toBe('public')
})

it('is gone when it is taken away, and only it; another is there when one is asked for', async () => {
  expect(await post('toggle-public-ip', { enable: false })).toMatchObject({ action: 'detach' })
  expect(await page(ip, 1.5)).toBeNull()
  const { ip_address, ip_status, private_ip } = await details()
  expect({ ip_address, ip_status }).toEqual({ ip_address: private_ip, ip_status: 'detached' })
  expect(await page(private_ip)).toBe('public')
  expect(await post('toggle-public-ip')).toMatchObject({ action: 'attach' })
  ip = (await details()).ip_address
  expect(await page(ip)).toBe('public')
})

it('is subject to the rules of the machine', async () => {
  const rule = {
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: 'tcp',
    remote_ip_prefix: '0.0.0.0/0',
    port_range_min: 22,
    port_range_max: 22,
  }
  const { security_rule } = await post('security-rules', rule)
  expect(await page(ip, 1.5)).toBeNull()
  expect(await server.ssh(await details(), 'hostname')).toBe('public')
  await server.delete(`${path}security-rules/${security_rule.id}/`)
  await server.settled()
  expect(await page(ip)).toBe('public')
})

it('has an IPv6 address beside it, at which the host logs in as well', async () => {
  const addresses =
    'until ip -6 addr show dev eth0 scope global | grep -w inet6; do sleep 0.1; done'
  const found = await server.ssh(await details(), addresses)
  const ipv6 = /inet6 (fd[0-9a-f:]+)\/64/.exec(found)?.[1]
  expect(await server.ssh({ ssh_command: `ssh root@${ipv6}` }, 'hostname')).toBe('public')
})

it('is the same after the server was killed, and after a stop and a start', async () => {
  await server.kill()
  expect(await page(ip)).toBe('public')
  await server.launch()
  expect(await page(ip)).toBe('public')
  await post('stop')
  expect(await details()).toMatchObject({ status: 'SHUTOFF', ip_address: ip })
  await post('start')
  expect((await serve()).ip_address).toBe(ip)
  expect(await page(ip)).toBe('public')
})
