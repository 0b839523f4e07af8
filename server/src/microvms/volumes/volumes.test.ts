/** Volumes of microVMs: files that are there without any machine, their quota, and checkpoints. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let stranger: Awaited<ReturnType<Api['client']>>
beforeAll(async () => {
  api = await createApi()
  me = await api.client('Me')
  stranger = await api.client('Stranger')
})
afterAll(() => api.close())

const MiB = 1024 * 1024
let names = 0
async function volume(quota_bytes = 10 * MiB) {
  const reply = await me.post('/v1/volumes', { name: `volume ${++names}`, quota_bytes })
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  return { id: reply.body.id as string, at: `/v1/volumes/${reply.body.id}` }
}

async function put(
  at: string,
  path: string,
  content: string | Uint8Array<ArrayBuffer>,
  { overwrite, key = me.key }: { overwrite?: string; key?: string } = {},
) {
  const form = new FormData()
  form.set('file', new File([content], 'name.txt'))
  form.set('path', path)
  if (overwrite !== undefined) form.set('overwrite', overwrite)
  const request = { method: 'POST', body: form, headers: { 'X-API-Key': key } }
  const response = await api.app.request(`${at}/files/upload`, request)
  // biome-ignore lint/suspicious/noExplicitAny: what is in it, the tests say
  return { status: response.status, body: (await response.json()) as any }
}

const read = async (at: string, path: string, checkpoint_id: string | null = null) => {
  const { status, body } = await me.post(`${at}/files/download`, { path, checkpoint_id })
  return status === 200 ? Buffer.from(body.content, 'base64').toString() : status
}
const paths = async (at: string, query = '') =>
  (await me.get(`${at}/files${query}`)).body.map(
    ({ path, kind, size_bytes }: { path: string; kind: string; size_bytes: number }) =>
      `${path} ${kind} ${size_bytes}`,
  )

describe('files of a volume', () => {
  it('are put, listed as in folders, read and deleted', async () => {
    const { at } = await volume()
    for (const path of ['a.txt', 'data/b.txt', 'data/deep/c.txt', 'dat'])
      expect((await put(at, path, path)).status).toBe(200)
    expect(await paths(at)).toEqual(['a.txt file 5', 'dat file 3', 'data folder 25'])
    expect(await paths(at, '?prefix=data/')).toEqual([
      ...['data/b.txt file 10', 'data/deep folder 15'],
    ])
    expect(await paths(at, '?recursive=true&limit=2')).toEqual(['a.txt file 5', 'dat file 3'])
    expect(await read(at, 'data/b.txt')).toBe('data/b.txt')
    const bytes = await me.post(
      `${at}/files/download`,
      { path: 'a.txt' },
      { Accept: 'application/octet-stream' },
    )
    expect(bytes.body).toBe('a.txt')
    expect((await me.delete(`${at}/files?path=data/b.txt`)).body.path).toBe('data/b.txt')
    expect(await read(at, 'data/b.txt')).toBe(404)
    expect((await me.delete(`${at}/files?path=data/b.txt`)).status).toBe(404)
    expect((await me.get(at)).body.used_bytes).toBe(5 + 3 + 15)
  })

  it('are replaced only when that is said, and are no folders of others', async () => {
    const { at } = await volume()
    await put(at, 'a', 'one')
    expect((await put(at, 'a', 'two')).status).toBe(409)
    expect((await put(at, 'a', 'two', { overwrite: 'true' })).status).toBe(200)
    expect(await read(at, 'a')).toBe('two')
    expect((await put(at, 'a/b', 'x')).status).toBe(409)
    await put(at, 'f/g', 'x')
    expect((await put(at, 'f', 'x')).status).toBe(409)
    expect((await me.get(at)).body.used_bytes).toBe(4)
  })

  it.each(['../x', '/etc/passwd', 'a//b', 'a/./b', 'a/', '', 'a\0b'])(
    'have no path like %j',
    async (path) => {
      const { at } = await volume()
      expect((await put(at, path, 'x')).status).toBe(422)
      expect(await paths(at)).toEqual([])
    },
  )

  it('stay within the quota, also when many come at once', async () => {
    const { at } = await volume(MiB)
    const half = new Uint8Array(600 * 1024)
    const replies = await Promise.all(['a', 'b', 'c'].map((path) => put(at, path, half)))
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 429, 429])
    expect((await me.get(at)).body.used_bytes).toBe(half.length)
    const [name = ''] = (await paths(at))[0].split(' ')
    expect((await put(at, name, half, { overwrite: 'true' })).status).toBe(200)
  })
})

describe('a checkpoint', () => {
  it('keeps what there was, which takes room until it is deleted', async () => {
    const { at } = await volume()
    await put(at, 'a', 'before')
    const { body: checkpoint } = await me.post(`${at}/checkpoints`, { name: 'one' })
    expect(checkpoint).toMatchObject({ name: 'one', files: 1 })
    await put(at, 'a', 'after!!', { overwrite: 'true' })
    await put(at, 'b', 'new')
    expect(await read(at, 'a')).toBe('after!!')
    expect(await read(at, 'a', checkpoint.id)).toBe('before')
    expect(await paths(at, `?checkpoint_id=${checkpoint.id}`)).toEqual(['a file 6'])
    expect((await me.get(at)).body.used_bytes).toBe(6 + 7 + 3)
    expect((await me.get(`${at}/checkpoints`)).body).toEqual([checkpoint])
    expect((await me.delete(`${at}/checkpoints/${checkpoint.id}`)).status).toBe(200)
    expect((await me.get(at)).body.used_bytes).toBe(7 + 3)
    expect((await me.get(`${at}/checkpoints`)).body).toEqual([])
  })

  it('is one of twenty at most, and has a name when none is given', async () => {
    const { at } = await volume()
    for (let made = 0; made < 20; made++)
      expect((await me.post(`${at}/checkpoints`)).body.name).toMatch(/^\d{4}-/)
    expect((await me.post(`${at}/checkpoints`)).status).toBe(429)
  })
})

describe('a volume', () => {
  it('is renamed and resized, but not below what it holds, and is gone with everything', async () => {
    const { at, id } = await volume(3 * MiB)
    await put(at, 'a', new Uint8Array(2 * MiB))
    await me.post(`${at}/checkpoints`)
    expect((await me.patch(at, { quota_bytes: MiB })).status).toBe(409)
    const changed = await me.patch(at, { name: 'other', quota_bytes: 2 * MiB })
    expect(changed.body).toMatchObject({ id, name: 'other', quota_bytes: 2 * MiB })
    expect((await me.get('/v1/volumes?refresh_usage=true')).body).toContainEqual(changed.body)
    expect((await me.post('/v1/volumes', { name: 'OTHER' })).status).toBe(409)
    expect((await me.delete(at)).body).toEqual({ id, deleted: true })
    expect((await me.get(at)).status).toBe(404)
    const left = await api.db
      .selectFrom('microvm_volumes')
      .innerJoin('microvm_volume_blobs as blob', 'blob.volume_id', 'microvm_volumes.id')
      .select('blob.id')
      .where('public_id', '=', id)
      .execute()
    expect(left).toEqual([])
  })

  it('has no more than the account may have in all', async () => {
    const rich = await api.client('Rich')
    const GiB = 1024 * MiB
    expect((await rich.post('/v1/volumes', { name: 'a', quota_bytes: 9 * GiB })).status).toBe(200)
    expect((await rich.post('/v1/volumes', { name: 'b', quota_bytes: 2 * GiB })).status).toBe(429)
    expect((await rich.post('/v1/volumes', { name: 'b' })).body.quota_bytes).toBe(GiB)
  })

  it('counts in what an operator allows the account, by its quota', async () => {
    const limited = await api.client('Limited')
    const row = { account_id: limited.caller.accountId, max_volume_gb: 1 }
    await api.change((tx) =>
      tx
        .insertInto('account_controls')
        .values(row as never)
        .execute(),
    )
    const made = await limited.post('/v1/volumes', { name: 'a', quota_bytes: 600 * MiB })
    expect(made.status).toBe(200)
    const more = await limited.post('/v1/volumes', { name: 'b', quota_bytes: 600 * MiB })
    expect(more).toMatchObject({ status: 429, body: { detail: expect.stringMatching(/1 GB of/) } })
    const larger = await limited.patch(`/v1/volumes/${made.body.id}`, { quota_bytes: 1200 * MiB })
    expect(larger.status).toBe(429)
  })

  it('tells what becomes of it', async () => {
    const { id, at } = await volume()
    await me.patch(at, { quota_bytes: 20 * MiB })
    await me.patch(at, { quota_bytes: 20 * MiB })
    const { body: checkpoint } = await me.post(`${at}/checkpoints`, { name: 'before' })
    await me.delete(`${at}/checkpoints/${checkpoint.id}`)
    await me.delete(at)
    const told = await api.db
      .selectFrom('events')
      .select(['kind', 'data'])
      .where('subject_id', '=', id)
      .orderBy('id')
      .execute()
    expect(told.map(({ kind }) => kind.replace('microvm-volume.', ''))).toEqual([
      ...['created', 'changed', 'checkpointed', 'checkpoint-deleted', 'deleted'],
    ])
    expect(told[1]?.data).toMatchObject({ quota_bytes: 20 * MiB })
  })

  it('is nothing to a stranger', async () => {
    const { at } = await volume()
    await put(at, 'a', 'x')
    const { body: checkpoint } = await me.post(`${at}/checkpoints`)
    expect((await stranger.get('/v1/volumes')).body).toEqual([])
    const asks = await Promise.all([
      stranger.get(at),
      stranger.patch(at, { name: 'mine' }),
      stranger.delete(at),
      stranger.get(`${at}/files`),
      stranger.delete(`${at}/files?path=a`),
      stranger.post(`${at}/files/download`, { path: 'a' }),
      stranger.get(`${at}/checkpoints`),
      stranger.post(`${at}/checkpoints`),
      stranger.delete(`${at}/checkpoints/${checkpoint.id}`),
      put(at, 'b', 'x', { key: stranger.key }),
    ])
    expect(asks.map(({ status }) => status)).toEqual(asks.map(() => 404))
    // Nor is a checkpoint of another volume anything to this one.
    const other = await volume()
    expect((await me.delete(`${other.at}/checkpoints/${checkpoint.id}`)).status).toBe(404)
    expect(await read(other.at, 'a', checkpoint.id)).toBe(404)
  })

  it.each([
    ['no name', {}],
    ['an empty one', { name: '' }],
    ['too little', { name: 'x', quota_bytes: MiB - 1 }],
    ['too much', { name: 'x', quota_bytes: 10 * 1024 * MiB + 1 }],
    ['a field that is not there', { name: 'x', region: 'y' }],
  ])('is not made with %s', async (_, body) => {
    expect((await me.post('/v1/volumes', body)).status).toBe(422)
  })

  it('cannot be mounted, which is said', async () => {
    const reply = await me.post('/v1/vms/vm_x/volumes', { volume_id: 'x', mount_path: '/data' })
    expect(reply).toMatchObject({ status: 501, body: { detail: expect.stringMatching(/mount/) } })
  })
})
