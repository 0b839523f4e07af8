/** What goes wrong on real hosts, with real guests: killed servers, killed machines, deaf guests. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { processesNaming, TestServer } from './server.ts'

let server: TestServer
let ssh_key_ids: string[]

beforeAll(async () => {
  server = await TestServer.start()
  const key = await server.post('/api/ssh-keys/', { name: 'laptop', public_key: server.publicKey })
  ssh_key_ids = [key.body.ssh_key.id]
})
afterAll(() => server?.dispose())

const deploy = async (vm_name: string): Promise<string> => {
  const { body } = await server.post('/api/deploy/', {
    vm_name,
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    ssh_key_ids,
  })
  return body.data.instance_id
}

describe('a machine', () => {
  it('goes on while the server stops, is killed, and starts again', async () => {
    const id = await deploy('survivor')
    const before = await server.readyInstance(id)
    const bootId = await server.ssh(before, 'cat /proc/sys/kernel/random/boot_id')
    await server.stop()
    await server.launch()
    await server.kill()
    await server.launch()
    const after = await server.instanceIn(id, 'ACTIVE')
    expect(await server.ssh(after, 'cat /proc/sys/kernel/random/boot_id')).toBe(bootId)
    await server.delete(`/api/instances/${id}/`)
  })

  it('that is killed from outside is started again, with its disk', async () => {
    const id = await deploy('victim')
    const { server_uuid, ...instance } = await server.readyInstance(id)
    await server.ssh(instance, 'echo kept > /root/kept; sync')
    for (const pid of await processesNaming(server_uuid)) process.kill(pid, 'SIGKILL')
    await server.until('/api/operations/?kind=recover-instance', ({ body }) =>
      body.operations.some((operation: { state: string }) => operation.state === 'done'),
    )
    expect(await server.ssh(await server.readyInstance(id), 'cat /root/kept')).toBe('kept')
    await server.delete(`/api/instances/${id}/`)
  })

  it('that shuts itself down is SHUTOFF, and starts again when asked', async () => {
    const id = await deploy('sleeper')
    const instance = await server.readyInstance(id)
    // The connection goes down with the machine.
    await server.ssh(instance, 'poweroff').catch(() => {})
    await server.instanceIn(id, 'SHUTOFF')
    await server.post(`/api/instances/${id}/start/`)
    await server.readyInstance(id)
    await server.delete(`/api/instances/${id}/`)
  })
})

describe('a server killed with SIGKILL', () => {
  let source: string
  beforeAll(async () => {
    source = await deploy('source')
    await server.readyInstance(source)
  })

  /** Sends the request, kills the server a moment later, starts it again and waits for the end. */
  async function interrupted(afterMs: number, request: () => Promise<unknown>) {
    const sent = request().catch(() => null)
    await pause(afterMs)
    await server.kill()
    await sent
    await server.launch()
    await server.settled()
  }

  it.each([5, 60, 200])('%i ms into a snapshot finishes it or leaves nothing', async (afterMs) => {
    await interrupted(afterMs, () =>
      server.post('/api/snapshots/', { instance_id: source, name: `snap-${afterMs}` }),
    )
    const { body } = await server.get(`/api/snapshots/?search=snap-${afterMs}`)
    expect(body.snapshots.map((snapshot: { status: string }) => snapshot.status)).toEqual(
      body.snapshots.length === 0 ? [] : ['SUCCESS'],
    )
    expect((await server.instanceIn(source, 'ACTIVE')).error).toBeNull()
  })

  it.each([5, 60, 200])(
    '%i ms into a deployment finishes it or leaves nothing',
    async (afterMs) => {
      await interrupted(afterMs, () => deploy(`new-${afterMs}`))
      const { body } = await server.get(`/api/instances/?search=new-${afterMs}`)
      for (const { instance_id } of body.instances) {
        await server.readyInstance(instance_id)
        await server.delete(`/api/instances/${instance_id}/`)
      }
      await server.settled()
    },
  )

  it.each([5, 100])('%i ms into a restore finishes it or leaves nothing', async (afterMs) => {
    const { body } = await server.get('/api/snapshots/')
    const [{ id }] = body.snapshots
    await interrupted(afterMs, () =>
      server.post(`/api/snapshots/${id}/restore/`, { new_vm_name: `restored-${afterMs}` }),
    )
    const found = await server.get(`/api/instances/?search=restored-${afterMs}`)
    for (const { instance_id } of found.body.instances) {
      await server.instanceIn(instance_id, 'ACTIVE')
    }
  })

  it.each([5, 500])('%i ms into a deletion finishes it', async (afterMs) => {
    const { body } = await server.get('/api/instances/?search=restored')
    const [victim] = body.instances
    if (victim === undefined) return
    await interrupted(afterMs, () => server.delete(`/api/instances/${victim.instance_id}/`))
    // The request may have been lost with the server; asked again, it answers the same.
    await server.delete(`/api/instances/${victim.instance_id}/`)
    await server.settled()
    expect(await processesNaming(victim.server_uuid)).toEqual([])
  })

  it('leaves no process, namespace or file behind once everything is deleted', async () => {
    for (const { instance_id } of (await server.get('/api/instances/')).body.instances) {
      await server.delete(`/api/instances/${instance_id}/`)
    }
    for (const { id } of (await server.get('/api/snapshots/')).body.snapshots) {
      await server.delete(`/api/snapshots/${id}/`)
    }
    await server.settled()
    expect(await server.leftovers()).toEqual([])
  })
})
