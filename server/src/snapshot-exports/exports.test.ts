import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import type { WorldOptions } from '../testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let path: string
let now: Date

async function begin(name = 'web', options?: WorldOptions) {
  now = new Date()
  api = await createApi({ clock: { ...systemClock, now: () => now }, ...options })
  me = await api.client()
  const instance = await api.runningInstance(me.caller, name)
  const { public_id } = await api.readySnapshot(me.caller, instance)
  path = `/api/snapshots/${public_id}/`
}
afterEach(() => api.close())

const create = () => me.post(`${path}export/`)
const get = async () => (await me.get(`${path}export/`)).body.export
const download = (headers: Record<string, string> = {}) =>
  me.get(`${path}export/disk.qcow2`, undefined, headers)
async function made() {
  expect((await create()).status).toBe(200)
  await api.settle()
  return get()
}

async function refused(
  request: () => ReturnType<Api['send']>,
  ...expected: [number, Parameters<typeof expectRefusal>[2], ...(string | RegExp)[]]
) {
  const before = await footprint(api)
  expectRefusal(await request(), ...expected)
  expect(await footprint(api)).toEqual(before)
}

describe('an export', () => {
  beforeEach(() => begin())

  it('is made once, with a manifest of the file', async () => {
    const first = (await create()).body.export
    expect(first).toMatchObject({ status: 'CREATING', manifest: null, download_path: null })
    const operation = await me.get(`/api/operations/${first.operation_id}/`)
    expect(operation.body.operation.kind).toBe('export-snapshot')
    await api.settle()
    const { status, manifest } = await get()
    expect(status).toBe('SUCCESS')
    const { snapshot } = (await me.get(path)).body
    expect(manifest).toMatchObject({
      name: snapshot.name,
      vm_name: 'web',
      login_user: 'root',
      os_image: { name: 'garrison-small' },
      shape: { flavor: 'cpu-small', disk_gb: snapshot.disk_gb },
    })
    const { body } = await download()
    const [file] = manifest.files
    expect(Buffer.byteLength(body)).toBe(file.size_bytes)
    expect(createHash('sha256').update(body).digest('hex')).toBe(file.sha256)
    expect((await create()).body.export).toMatchObject({ status: 'SUCCESS' })
  })

  it('is downloaded in parts that fit together', async () => {
    const { manifest } = await made()
    const [{ size_bytes, sha256 }] = manifest.files
    const all = await download()
    expect(all.headers.get('etag')).toBe(`"${sha256}"`)
    expect(all.headers.get('content-length')).toBe(String(size_bytes))
    const first = await download({ Range: 'bytes=0-9' })
    expect(first.status).toBe(206)
    expect(first.headers.get('content-range')).toBe(`bytes 0-9/${size_bytes}`)
    const rest = await download({ Range: 'bytes=10-', 'If-Range': `"${sha256}"` })
    expect(first.body + rest.body).toBe(all.body)
  })

  it('is downloaded as a whole when the part is of another file', async () => {
    await made()
    const reply = await download({ Range: 'bytes=10-', 'If-Range': '"another"' })
    expect(reply.status).toBe(200)
  })

  it('is not sent again to whoever has it, and its size is told by HEAD', async () => {
    const { manifest } = await made()
    const [{ size_bytes, sha256 }] = manifest.files
    expect((await download({ 'If-None-Match': `"${sha256}"` })).status).toBe(304)
    const head = await api.send('HEAD', `${path}export/disk.qcow2`, { key: me.key })
    expect(head).toMatchObject({ status: 200, body: '' })
    expect(head.headers.get('content-length')).toBe(String(size_bytes))
  })

  it('has nothing behind its end', async () => {
    const { manifest } = await made()
    const reply = await download({ Range: 'bytes=1000000-' })
    expectRefusal(reply, 416, 'RANGE_NOT_SATISFIABLE')
    expect(reply.headers.get('content-range')).toBe(`bytes */${manifest.files[0].size_bytes}`)
  })

  it('cannot be read while it is made, nor before anybody asked for it', async () => {
    await refused(() => me.get(`${path}export/`), 404, 'NOT_FOUND')
    await refused(download, 404, 'NOT_FOUND')
    await api.stopRunners()
    await create()
    await refused(download, 400, 'INVALID_SNAPSHOT_STATE', /CREATING/)
  })

  it('is told of with its snapshot, as is that there is none', async () => {
    const told = async () => (await me.get(path)).body.export
    expect(await told()).toBeNull()
    expect(await made()).toEqual(await told())
    await me.delete(`${path}export/`)
    await api.settle()
    expect(await told()).toBeNull()
  })

  it('is deleted when asked, and may be made again', async () => {
    await made()
    const { body } = await me.delete(`${path}export/`)
    expect(body.export).toMatchObject({ status: 'DELETING', download_path: null })
    await api.settle()
    expect((await api.engine.holdings()).exports).toEqual([])
    await refused(() => me.get(`${path}export/`), 404, 'NOT_FOUND')
    expect(await made()).toMatchObject({ status: 'SUCCESS' })
  })

  it('is cancelled by its deletion', async () => {
    await api.stopRunners()
    await create()
    expect((await me.delete(`${path}export/`)).status).toBe(200)
    await api.settle()
    expect((await api.engine.holdings()).exports).toEqual([])
    await refused(() => me.get(`${path}export/`), 404, 'NOT_FOUND')
    expect((await me.get(path)).body.snapshot.status).toBe('SUCCESS')
  })

  it('goes with its snapshot', async () => {
    await made()
    expect((await me.delete(path)).status).toBe(200)
    await api.settle()
    expect(await api.engine.holdings()).toMatchObject({ snapshots: [], exports: [] })
  })

  it('keeps its snapshot from being deleted while it is made', async () => {
    await api.stopRunners()
    await create()
    await refused(() => me.delete(path), 409, 'OPERATION_IN_PROGRESS', /export-snapshot/)
  })

  it('goes by itself after a day', async () => {
    const { expires_at } = await made()
    const { snapshotExports } = api.services
    now = new Date(expires_at)
    await snapshotExports.expire(api.db)
    expect(await get()).toMatchObject({ status: 'SUCCESS' })
    now = new Date(now.getTime() + 1)
    await snapshotExports.expire(api.db)
    await api.settle()
    await refused(() => me.get(`${path}export/`), 404, 'NOT_FOUND')
    expect((await api.engine.holdings()).exports).toEqual([])
  })

  it('of a snapshot that is not there is refused', async () => {
    await refused(() => me.post('/api/snapshots/BRK-000000S/export/'), 404, 'NOT_FOUND')
  })
})

it('an export that failed says why, and may be tried again', async () => {
  await begin('fail-export')
  expect(await made()).toMatchObject({
    status: 'ERROR',
    error: expect.stringMatching(/fail-export/),
    manifest: null,
  })
  expect((await create()).body.export).toMatchObject({ status: 'CREATING', error: null })
})

it('a region that cannot export says so', async () => {
  await begin('web', { capabilities: { snapshotTransfer: false } })
  await refused(create, 400, 'TIER_NOT_SUPPORTED', /export/)
})
