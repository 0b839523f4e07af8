/** Everything that a machine can be given at its deployment, and that all of it is true inside the guest. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer } from './server.ts'

/** Beyond this nobody answers any more. */
const silenceMs = 1_500
const maximumBytes = 65_536

let server: TestServer
let secondKey: string
/** Of a machine with a startup script, and of one with a `#cloud-config`. */
let scripted: string
let configured: string

const allow = (port: number) => ({
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  remote_ip_prefix: '0.0.0.0/0',
  port_range_min: port,
  port_range_max: port,
})

const SCRIPT = [
  '#!/bin/sh',
  'echo "run on $(hostname)" | tee -a /root/runs',
  'mkdir -p /srv/www && echo hello > /srv/www/page',
  'httpd -p 8080 -h /srv/www && httpd -p 8081 -h /srv/www',
  '# ',
].join('\n')

const CLOUD_CONFIG = `#cloud-config
write_files:
  - path: /etc/app/settings
    permissions: "0600"
    content: |
      answer: 42
runcmd:
  - echo configured
  - [sh, -c, "exit 3"]
`

beforeAll(async () => {
  server = await TestServer.start()
  secondKey = join(server.dataDir, 'second-key')
  await promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', secondKey])
  const keys = [server.publicKey, readFileSync(`${secondKey}.pub`, 'utf8')].map(
    async (public_key, n) =>
      (await post('/api/ssh-keys/', { name: `key-${n}`, public_key })).ssh_key,
  )
  const { script } = await post('/api/scripts/', {
    name: 'web server',
    script: SCRIPT.padEnd(maximumBytes, 'x'),
  })
  const common = {
    ...{ region: 'LOCAL-1', flavor: 'cpu-small', os_image: 'garrison-small' },
    ssh_key_ids: (await Promise.all(keys)).map((key) => key.id),
  }
  const asked = [
    {
      vm_name: 'scripted',
      startup_script_id: script.id,
      security_rules: [allow(22), allow(8080)],
    },
    { vm_name: 'configured', cloud_init: CLOUD_CONFIG },
  ].map((each) => post('/api/deploy/', { ...common, ...each }))
  const [first, second] = await Promise.all(asked)
  scripted = first.data.instance_id
  configured = second.data.instance_id
})
afterAll(() => server?.dispose())

async function post(path: string, body: unknown) {
  const answer = await server.post(path, body)
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}

async function endedLog(id: string) {
  const { body } = await server.until(`/api/instances/${id}/startup-log/`, ({ body }) =>
    ['succeeded', 'failed'].includes(body.status),
  )
  return body
}

it('a script of 64 KiB runs, and what it said is shown', async () => {
  await server.readyInstance(scripted)
  expect(await endedLog(scripted)).toMatchObject({
    ...{ status: 'succeeded', exit_code: 0, log: 'run on scripted\n' },
    ...{ started_at: expect.any(String), finished_at: expect.any(String) },
  })
})

it('each of its keys is let in', async () => {
  const instance = await server.readyInstance(scripted)
  expect(await server.ssh(instance, 'hostname')).toBe('scripted')
  expect(await server.ssh(instance, 'hostname', secondKey)).toBe('scripted')
})

it('the ports of its rules are open, and no other', async () => {
  const { ip_address } = await server.readyInstance(scripted)
  const fetched = (port: number) =>
    fetch(`http://${ip_address}:${port}/page`, { signal: AbortSignal.timeout(silenceMs) })
  expect(await (await fetched(8080)).text()).toBe('hello\n')
  await expect(fetched(8081)).rejects.toThrow()
})

it('a #cloud-config does what it says, and how it failed is shown', async () => {
  const instance = await server.readyInstance(configured)
  expect(await endedLog(configured)).toMatchObject({
    ...{ status: 'failed', exit_code: 3, log: 'configured\n' },
  })
  const shown = 'cat /etc/app/settings; stat -c %a /etc/app/settings'
  expect(await server.ssh(instance, shown)).toBe('answer: 42\n600')
})

it('runs once, and its log outlives server and machine', async () => {
  const path = `/api/instances/${scripted}/`
  await post(`${path}stop/`, {})
  await server.instanceIn(scripted, 'SHUTOFF')
  await server.stop()
  await server.launch()
  expect(await endedLog(scripted)).toMatchObject({ status: 'succeeded', log: 'run on scripted\n' })
  await post(`${path}start/`, {})
  const instance = await server.readyInstance(scripted)
  expect(await server.ssh(instance, 'cat /root/runs')).toBe('run on scripted')
})
