/** What a server does of its own accord minute by minute, over a real guest, after it was killed. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer } from './server.ts'

/** A machine is measured when the server starts, and a minute later. */
const minutesMs = 170_000

let server: TestServer
let web: { instance_id: string; ssh_command: string }
let policy: string

beforeAll(async () => {
  server = await TestServer.start()
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  const { body } = await server.post('/api/deploy/', {
    vm_name: 'web-1',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    ssh_key_ids: [key.body.ssh_key.id],
  })
  web = await server.readyInstance(body.data.instance_id)

  // The next minute, or the one after it when that is about to begin.
  const soon = new Date(Date.now() + 63_000)
  const made = await server.post('/api/snapshot-policies/', {
    name: 'hourly',
    hourly: 2,
    offset_minutes: soon.getUTCMinutes(),
    instance_ids: [web.instance_id],
  })
  expect(made).toMatchObject({ status: 200 })
  policy = `/api/snapshot-policies/${made.body.policy.id}/`
  await server.kill()
  await server.launch()
})
afterAll(() => server?.dispose())

it('the curve of its processor shows the work that it does', async () => {
  await server.ssh(web, 'timeout 30 sh -c "while :; do :; done" >/dev/null 2>&1 &')
  type Point = { cpu_percent: number | null }
  const isBusy = ({ cpu_percent }: Point) => (cpu_percent ?? 0) > 10
  const { body } = await server.until(
    `/api/instances/${web.instance_id}/metrics/`,
    ({ body }) => body.points.some(isBusy),
    minutesMs,
  )
  const busy = body.points.findLast(isBusy)
  expect(busy.cpu_percent).toBeLessThanOrEqual(100)
  expect(busy.memory_total_bytes).toBeGreaterThan(900e6)
  expect(busy.memory_used_bytes).toBeGreaterThan(1e6)
  expect(busy.network_received_bytes_per_second).toBeGreaterThan(0)
  expect(busy).toMatchObject({ disk_read_bytes_per_second: expect.any(Number), gpu_percent: null })
})

it('a policy has a snapshot of the running guest taken, once', async () => {
  const { policy: after } = (
    await server.until(policy, ({ body }) => body.policy.instances[0].last_success_at !== null)
  ).body
  expect(after.instances[0]).toMatchObject({ last_error: null, skip_reason: null })
  const { snapshots } = (await server.get('/api/snapshots/')).body
  expect(snapshots).toMatchObject([
    {
      name: expect.stringMatching(/^web-1-hourly-\d{4}-\d\d-\d\dT\d\d-\d\dZ$/),
      status: 'SUCCESS',
      consistency: 'filesystem',
      policy_id: after.id,
      instance_id: web.instance_id,
    },
  ])

  const pin = `/api/snapshots/${snapshots[0].id}/`
  await server.post(`${pin}pin/`, { pinned: true })
  expect(await server.delete(pin)).toMatchObject({
    status: 409,
    body: { error_code: 'SNAPSHOT_PINNED' },
  })
  await server.post(`${pin}pin/`, { pinned: false })
})
