import type { SnapshotManifest } from '@garrison/contract/snapshots/manifest'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { testRegion } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let manifest: SnapshotManifest
let content: Uint8Array<ArrayBuffer>
let now: Date

async function begin() {
  now = new Date()
  api = await createApi({ clock: { ...systemClock, now: () => now } })
  me = await api.client()
  const source = await api.account('Source')
  const snapshot = await api.readySnapshot(source, await api.runningInstance(source))
  const exported = await api.exported(source, snapshot)
  manifest = exported.manifest
  content = exported.content
}
afterEach(() => api.close())

const announce = (change: object = {}) =>
  me.post('/api/snapshots/import/', { manifest, region: testRegion, ...change })
const withManifest = (change: object) => announce({ manifest: { ...manifest, ...change } })
const withFile = (change: object) =>
  withManifest({ files: manifest.files.map((file) => ({ ...file, ...change })) })

/** The path of an import that waits for its file. */
async function begun(change: object = {}) {
  const { body, status } = await announce(change)
  expect(status, JSON.stringify(body)).toBe(200)
  return `/api/snapshots/${body.snapshot.id}/`
}

async function send(path: string, bytes: Uint8Array<ArrayBuffer>, range?: string) {
  const response = await api.app.request(`${path}import/disk.qcow2`, {
    method: 'PUT',
    headers: {
      Authorization: `Api-Key ${me.key}`,
      ...(range !== undefined && { 'Content-Range': range }),
    },
    body: new Blob([bytes]),
  })
  // biome-ignore lint/suspicious/noExplicitAny: what a test looks at is what it asserts
  const body = (await response.json()) as any
  return { status: response.status, headers: response.headers, body }
}
const snapshotAt = async (path: string) => (await me.get(path)).body.snapshot

async function refused(
  request: () => ReturnType<Api['send']>,
  ...expected: [number, Parameters<typeof expectRefusal>[2], ...(string | RegExp)[]]
) {
  const before = await footprint(api)
  const fields = expectRefusal(await request(), ...expected)
  expect(await footprint(api)).toEqual(before)
  return Object.keys(fields)
}

describe('an import', () => {
  beforeEach(() => begin())

  it('takes its file in one piece, and is restored like any snapshot', async () => {
    const path = await begun({ name: 'mine' })
    expect(await snapshotAt(path)).toMatchObject({ status: 'CREATING', instance_id: null })
    expect(await send(path, content)).toMatchObject({
      status: 200,
      body: { import: { status: 'VERIFYING', received_bytes: content.length } },
    })
    await api.settle()
    expect(await snapshotAt(path)).toMatchObject({ name: 'mine', status: 'SUCCESS', error: null })
    const restored = await me.post(`${path}restore/`, { new_vm_name: 'again' })
    expect(restored).toMatchObject({ status: 200, body: { data: { status: 'ACTIVE' } } })
    expect((await me.get(`${path}import/`)).body.import).toMatchObject({ status: 'SUCCESS' })
  })

  it('takes its file in several pieces, and goes on where it broke off', async () => {
    const path = await begun()
    const size = content.length
    expect((await send(path, content.slice(0, 10), `bytes 0-9/${size}`)).body).toMatchObject({
      message: 'More is to come',
      import: { status: 'UPLOADING', received_bytes: 10 },
    })
    const again = () => send(path, content, `bytes 0-${size - 1}/${size}`)
    await refused(again, 416, 'RANGE_NOT_SATISFIABLE', new RegExp(`bytes 10-${size - 1}/${size}`))
    await send(path, content.slice(10), `bytes 10-${size - 1}/${size}`)
    await api.settle()
    expect(await snapshotAt(path)).toMatchObject({ status: 'SUCCESS' })
  })

  it('is verified when asked, should the server have died at the last byte', async () => {
    const path = await begun()
    const { id } = await api.services.snapshots.require(api.db, me.caller, path.split('/')[3] ?? '')
    await api.engine.appendUpload(id, 0, new Blob([content]).stream(), content.length)
    const reply = await send(path, new Uint8Array(), `bytes */${content.length}`)
    expect(reply.body.import.status).toBe('VERIFYING')
    await api.settle()
    expect(await snapshotAt(path)).toMatchObject({ status: 'SUCCESS' })
  })

  it('with a wrong checksum is an ERROR that says so, and leaves no file', async () => {
    const { body } = await withFile({ sha256: '0'.repeat(64) })
    const path = `/api/snapshots/${body.snapshot.id}/`
    await send(path, content)
    await api.settle()
    const { status, error } = await snapshotAt(path)
    expect({ status, error }).toEqual({ status: 'ERROR', error: expect.stringMatching(/SHA-256/) })
    expect(await api.engine.holdings()).toMatchObject({ uploads: [] })
    await refused(() => send(path, content), 400, 'INVALID_SNAPSHOT_STATE', /ERROR/)
    expect((await me.delete(path)).status).toBe(200)
  })

  it('does not take more than was announced', async () => {
    const path = await begun()
    const more = new Uint8Array([...content, 1])
    expectRefusal(await send(path, more), 400, 'VALIDATION_ERROR', /More bytes/)
    expect(await snapshotAt(path)).toMatchObject({ status: 'CREATING' })
  })

  it.each([
    [/Content-Range|FIRST-LAST/, 'lines 1-2/3'],
    [/by its manifest, not 7/, 'bytes 0-6/7'],
  ])('refuses a piece that does not belong to it: %s', async (words, range) => {
    const path = await begun()
    await refused(() => send(path, content, range), 400, 'VALIDATION_ERROR', words)
  })

  it('is given up when asked, with its snapshot and what came of its file', async () => {
    const path = await begun()
    await send(path, content.slice(0, 10), `bytes 0-9/${content.length}`)
    expect((await me.delete(`${path}import/`)).status).toBe(200)
    await api.settle()
    await refused(() => me.get(path), 404, 'NOT_FOUND')
    expect((await api.engine.holdings()).uploads).toEqual([])
  })

  it('is given up while it is verified', async () => {
    const path = await begun()
    await api.stopRunners()
    await send(path, content)
    expect((await me.delete(`${path}import/`)).status).toBe(200)
    await api.settle()
    await refused(() => me.get(path), 404, 'NOT_FOUND')
    expect(await api.engine.holdings()).toMatchObject({
      uploads: [],
      snapshots: [expect.any(String)],
    })
  })

  it('goes by itself when nobody has sent anything for a day', async () => {
    const path = await begun()
    const { expires_at } = (await me.get(`${path}import/`)).body.import
    now = new Date(new Date(expires_at).getTime() - 1)
    await send(path, content.slice(0, 10), `bytes 0-9/${content.length}`)
    now = new Date(new Date(expires_at).getTime() + 1)
    await api.services.snapshotImports.expire(api.db)
    await api.settle()
    expect(await snapshotAt(path)).toMatchObject({ status: 'CREATING' })
    now = new Date(now.getTime() + 24 * 60 * 60_000)
    await api.services.snapshotImports.expire(api.db)
    await api.settle()
    await refused(() => me.get(path), 404, 'NOT_FOUND')
    expect((await api.engine.holdings()).uploads).toEqual([])
  })

  describe('whose file comes slowly', () => {
    const hourMs = 60 * 60_000
    const pass = (hours: number) => {
      now = new Date(now.getTime() + hours * hourMs)
    }
    const expire = () => api.services.snapshotImports.expire(api.db)
    const status = async (path: string) => (await me.get(`${path}import/`)).body.import?.status
    /** Sends what the generator yields; what goes wrong with it is its own affair. */
    const trickle = (path: string, from: number, data: () => AsyncGenerator<Uint8Array>) =>
      api.services.snapshotImports
        .upload(api.db, me.caller, path.split('/')[3] ?? '', { from, data: data() })
        .catch(() => {})

    it('stays while bytes come, also when the piece breaks off', async () => {
      const path = await begun()
      await trickle(path, 0, async function* () {
        for (let n = 0; n < 3; n++) {
          pass(20)
          yield content.slice(n, n + 1)
          await expire()
        }
        throw new Error('connection reset')
      })
      pass(20)
      await expire()
      expect(await status(path)).toBe('UPLOADING')
    })

    it('is not kept by pieces of nothing, nor for more than a week', async () => {
      const idle = await begun({ name: 'idle' })
      pass(20)
      await trickle(idle, 0, async function* () {
        yield new Uint8Array()
      })
      pass(5)
      await expire()
      await api.settle()
      expect(await status(idle)).toBeUndefined()

      const slow = await begun({ name: 'slow' })
      for (let day = 0; day < 8; day++) {
        pass(23)
        await send(slow, content.slice(day, day + 1), `bytes ${day}-${day}/${content.length}`)
        await expire()
      }
      await api.settle()
      expect(await status(slow)).toBeUndefined()
    })
  })

  it('is not pinned before it is there, since it may be given up', async () => {
    const path = await begun()
    const pin = () => me.post(`${path}pin/`, { pinned: true })
    await refused(pin, 400, 'INVALID_SNAPSHOT_STATE', /not there yet/)
  })

  it('cannot be deleted, restored or exported as a snapshot before it is one', async () => {
    const path = await begun()
    await refused(() => me.delete(path), 409, 'OPERATION_IN_PROGRESS')
    await refused(() => me.post(`${path}export/`), 400, 'INVALID_SNAPSHOT_STATE')
    const restore = () => me.post(`${path}restore/`, { new_vm_name: 'early' })
    await refused(restore, 400, 'INVALID_SNAPSHOT_STATE')
  })

  it("finds nothing by a stranger's id", async () => {
    const path = await begun()
    const { key } = await api.client('Stranger')
    const before = await footprint(api)
    const response = await api.app.request(`${path}import/disk.qcow2`, {
      method: 'PUT',
      headers: { 'X-API-Key': key },
      body: new Blob([content]),
    })
    expect(response.status).toBe(404)
    expect(await footprint(api)).toEqual(before)
  })

  it('cannot be rolled back to', async () => {
    const path = await begun()
    await send(path, content)
    await api.settle()
    const { public_id } = await api.runningInstance(me.caller)
    const snapshot_id = path.split('/')[3]
    const request = () =>
      me.post(`/api/instances/${public_id}/rollback/`, { snapshot_id, force: true })
    expect(await refused(request, 400, 'VALIDATION_ERROR')).toEqual(['snapshot_id'])
  })

  it('is made of the flavor as offered here, whatever the manifest says of it', async () => {
    const path = await begun({
      manifest: { ...manifest, shape: { ...manifest.shape, vcpus: 4096, memory_mib: 1_000_000 } },
    })
    expect(await snapshotAt(path)).toMatchObject({ vcpus: 1, ram_gb: 1 })
  })

  it('has no two snapshots of one name', async () => {
    await begun()
    await refused(() => announce(), 409, 'NAME_ALREADY_EXISTS')
  })
})

describe('a manifest is refused before anything is sent', () => {
  beforeEach(() => begin())

  it('of an OS image that is not here, with its name', async () => {
    const request = () => withManifest({ os_image: { name: 'windows-95', recipe: 'abc' } })
    const fields = await refused(request, 400, 'VALIDATION_ERROR', /windows-95, recipe abc/)
    expect(fields).toEqual(['manifest.os_image'])
  })

  it('of a disk that is larger than it says', async () => {
    const request = () => withFile({ virtual_size_bytes: 2 ** 50 })
    expect(await refused(request, 400, 'VALIDATION_ERROR', /has at most/)).toEqual([
      'manifest.files',
    ])
  })

  it('of a disk that no flavor has', async () => {
    const shape = { ...manifest.shape, disk_gb: 500_000 }
    const fields = await refused(
      () => withManifest({ shape }),
      400,
      'VALIDATION_ERROR',
      /500000 GB/,
    )
    expect(fields).toEqual(['flavor'])
  })

  it('of a file that the disk has no room for', async () => {
    const request = () => withFile({ size_bytes: 2 ** 52 })
    await refused(request, 409, 'INSUFFICIENT_CAPACITY', /GB more/)
  })

  it.each<[string, () => object]>([
    ['another version', () => ({ ...manifest, version: 2 })],
    ['another format', () => ({ ...manifest, format: 'ova' })],
    ['no files', () => ({ ...manifest, files: [] })],
    [
      'a path for a file',
      () => ({ ...manifest, files: [{ ...manifest.files[0], name: '/etc/passwd' }] }),
    ],
    ['a recipe that is a path', () => ({ ...manifest, os_image: { name: null, recipe: '../..' } })],
    [
      'a size below zero',
      () => ({ ...manifest, files: [{ ...manifest.files[0], size_bytes: -1 }] }),
    ],
    ['a login user that is none', () => ({ ...manifest, login_user: 'root; reboot' })],
    ['nothing in it', () => ({})],
  ])('with %s', async (_, change) => {
    await refused(() => announce({ manifest: change() }), 400, 'VALIDATION_ERROR')
  })

  it('for an unknown region, flavor or key', async () => {
    await refused(() => announce({ region: 'MARS-1' }), 400, 'VALIDATION_ERROR', /MARS-1/)
    await refused(() => announce({ flavor: 'huge' }), 400, 'VALIDATION_ERROR', /huge/)
    await refused(() => announce({ ssh_key_ids: ['BRK-000000K'] }), 404, 'NOT_FOUND')
  })
})

it('a region that cannot import says so', async () => {
  await begin()
  await api.close()
  api = await createApi({ capabilities: { snapshotTransfer: false } })
  me = await api.client()
  await refused(() => announce(), 400, 'TIER_NOT_SUPPORTED', /import/)
})
