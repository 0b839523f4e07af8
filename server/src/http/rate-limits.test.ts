import { afterEach, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
afterEach(() => api.close())

it('stops a key that asks too often, and says when to come back', async () => {
  api = await createApi({ config: { limits: { reads_per_minute: 2, writes_per_minute: 1 } } })
  const me = await api.client()
  const other = await api.client('Other')

  const first = await me.get('/api/ssh-keys/')
  expect(first.headers.get('RateLimit-Policy')).toBe('"reads";q=2;w=60')
  expect(first.headers.get('RateLimit')).toMatch(/^"reads";r=1;t=\d+$/)
  await me.get('/api/ssh-keys/')

  const stopped = await me.get('/api/ssh-keys/')
  expect(stopped).toMatchObject({ status: 429, body: { error_code: 'RATE_LIMIT_EXCEEDED' } })
  expect(stopped.headers.get('RateLimit')).toMatch(/^"reads";r=0;t=\d+$/)
  const seconds = Number(stopped.headers.get('Retry-After'))
  expect(seconds).toBeGreaterThan(0)
  expect(seconds).toBeLessThanOrEqual(60)

  expect((await me.post('/api/ssh-keys/', { name: 'a' })).status, 'writes count apart').toBe(200)
  expect((await me.post('/api/ssh-keys/', { name: 'b' })).status).toBe(429)
  expect((await other.get('/api/ssh-keys/')).status, 'another key is another matter').toBe(200)
})

it('says on every answer what is left, also to whoever has no key or a wrong one', async () => {
  api = await createApi({ config: { limits: { reads_per_minute: 3, writes_per_minute: 1 } } })
  const left = async (method: string, path: string, key?: string) => {
    const { status, headers } = await api.send(method, path, key === undefined ? {} : { key })
    return [status, headers.get('RateLimit')?.replace(/t=\d+/, 't')]
  }
  expect(await left('GET', '/api/pricing/')).toEqual([200, '"reads";r=2;t'])
  expect(await left('GET', '/api/ssh-keys/')).toEqual([401, '"reads";r=1;t'])
  expect(await left('GET', '/api/nonsense/')).toEqual([401, '"reads";r=0;t'])
  expect(await left('GET', '/api/pricing/')).toEqual([429, '"reads";r=0;t'])
  expect(await left('GET', '/api/pricing/', 'wrong')).toEqual([401, '"wrong-keys";r=29;t'])
  const me = await api.client()
  expect(await left('GET', '/api/nonsense/', me.key)).toEqual([404, '"reads";r=2;t'])
})

it('says in the API of microVMs, which has no codes in its errors, that it was the rate limit', async () => {
  api = await createApi({ config: { limits: { reads_per_minute: 9, writes_per_minute: 1 } } })
  const me = await api.client()
  const taken = await me.post('/v1/volumes', { name: 'a' })
  expect(taken.status).toBe(200)
  // The last that is allowed and the first that is not have the same RateLimit, so that does not tell.
  expect(taken.headers.get('RateLimit')).toMatch(/^"writes";r=0;t=\d+$/)
  const stopped = await me.post('/v1/volumes', { name: 'b' })
  expect(stopped).toMatchObject({ status: 429, body: { detail: expect.any(String) } })
  expect(stopped.headers.get('Garrison-Error-Code')).toBe('RATE_LIMIT_EXCEEDED')
  expect((await me.get('/v1/volumes')).body).toHaveLength(1)
})
