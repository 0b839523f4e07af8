/** What all lists have in common: pages, newest first, searches that do not mind the case. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from './testing/api.ts'
import { testRegion } from './testing/world.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
const names = ['Alpha', 'beta', 'alphabet']

beforeAll(async () => {
  api = await createApi()
  me = await api.client()
  for (const name of names) {
    const instance = await api.runningInstance(me.caller, name)
    const { snapshot } = (
      await me.post('/api/snapshots/', { instance_id: instance.public_id, name })
    ).body
    await api.settle()
    await me.post('/api/custom-images/', { snapshot_id: snapshot.id, name })
    await api.settle()
    await me.post('/api/ssh-keys/', { name })
    await me.post('/api/firewalls/', { name, region: testRegion })
  }
})
afterAll(() => api.close())

type Row = Record<string, string>
type Page = { total_count: number; has_next: boolean; total_pages?: number }
type List = { path: string; rows: string; name: string; size?: string; page?: (body: Row) => Page }

const lists: List[] = [
  { path: '/api/instances/', rows: 'instances', name: 'vm_name' },
  { path: '/api/snapshots/', rows: 'snapshots', name: 'name', size: 'pageSize' },
  { path: '/api/custom-images/', rows: 'images', name: 'name' },
  { path: '/api/firewalls/', rows: 'firewalls', name: 'name' },
]

describe.each(lists)('the list at $path', ({ path, rows, name, size = 'page_size' }) => {
  const ask = async (query: string) => (await me.get(`${path}?${query}`)).body
  const namesOf = (body: Record<string, Row[]>) => body[rows]?.map((row) => row[name])

  it('comes in pages, newest first, without gaps or repetitions', async () => {
    const first = await ask(`${size}=2`)
    const second = await ask(`${size}=2&page=2`)
    expect([namesOf(first), namesOf(second)]).toEqual([['alphabet', 'beta'], ['Alpha']])
    const page = (body: Row & { pagination?: Page }) => body.pagination ?? body
    expect(page(first)).toMatchObject({ total_count: 3, has_next: true, page: 1, page_size: 2 })
    expect(page(second)).toMatchObject({ total_count: 3, has_next: false, page: 2 })
  })

  it('is searched by any part of the name, whatever the case', async () => {
    const body = await ask('search=ALPHA')
    expect(namesOf(body)).toEqual(['alphabet', 'Alpha'])
    expect(body.pagination?.total_count ?? body.total_count).toBe(2)
  })

  it('can be narrowed to a region', async () => {
    expect(namesOf(await ask(`region=${testRegion}`))).toHaveLength(3)
  })
})

it('SSH keys come in pages too', async () => {
  const { body } = await me.get('/api/ssh-keys/?page_size=2&search=alpha')
  expect(body.ssh_keys.map((key: Row) => key.name)).toEqual(['alphabet', 'Alpha'])
  expect(body.pagination).toMatchObject({ total_count: 2, total_pages: 1, has_next: false })
})

describe('instances', () => {
  const shown = async (query: string) =>
    (await me.get(`/api/instances/?${query}`)).body.instances.map((row: Row) => row.vm_name)

  it('can be narrowed to a status, to a tier, and to both', async () => {
    expect(await shown('status=ACTIVE&tier=legacy')).toHaveLength(3)
    expect(await shown('status=SHUTOFF')).toEqual([])
    expect(await shown('tier=advanced')).toEqual([])
  })

  it('that are deleted are left out unless they are asked for', async () => {
    const gone = await api.runningInstance(me.caller, 'gone')
    await me.delete(`/api/instances/${gone.public_id}/`)
    await api.settle()
    expect(await shown('')).not.toContain('gone')
    expect((await me.get('/api/instances/')).body.pagination.total_count).toBe(3)
    expect(await shown('status=DELETED')).toEqual(['gone'])
  })
})

describe('operations', () => {
  const ask = async (query: string) => (await me.get(`/api/operations/?${query}`)).body

  it('can be narrowed to a kind, a state and a subject', async () => {
    const all = await ask('kind=deploy-instance&state=done')
    const { subject } = all.operations[0]
    const one = await ask(`subject=${subject.id}&kind=deploy-instance`)
    expect(one.operations).toEqual([all.operations[0]])
    expect((await ask('state=failed')).operations).toEqual([])
  })

  it('show their steps', async () => {
    const { operations } = await ask('kind=deploy-instance&page_size=1')
    const { operation } = (await me.get(`/api/operations/${operations[0].id}/`)).body
    expect(operation).toMatchObject({ state: 'done', step: 'start', error: null })
    expect(operation.steps).toMatchObject([
      { name: 'address', state: 'done', error: null },
      { name: 'public-address', state: 'done', error: null },
      { name: 'start', state: 'done', error: null },
    ])
  })
})
