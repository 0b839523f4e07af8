/** A snapshot policy over a real guest, whose server dies before the slot. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TestServer } from './server.ts'

let server: TestServer
beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server?.dispose())

it('takes a snapshot of a running guest by itself, once, also when its server died before', async () => {
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  const { body } = await server.post('/api/deploy/', {
    vm_name: 'web-1',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    ssh_key_ids: [key.body.ssh_key.id],
  })
  const web = await server.readyInstance(body.data.instance_id)

  // The next minute, or the one after it when that is about to begin.
  const soon = new Date(Date.now() + 63_000)
  const made = await server.post('/api/snapshot-policies/', {
    name: 'hourly',
    hourly: 2,
    offset_minutes: soon.getUTCMinutes(),
    instance_ids: [web.instance_id],
  })
  expect(made).toMatchObject({ status: 200 })
  const policy = `/api/snapshot-policies/${made.body.policy.id}/`
  await server.kill()
  await server.launch()

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
