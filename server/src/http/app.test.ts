import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createServer } from '../routes.ts'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeAll(async () => {
  api = await createApi()
  me = await api.client()
})
afterAll(() => api.close())

const envelope = { success: false, request_id: expect.stringMatching(/^[a-z0-9]{8}$/) }

describe('paths', () => {
  it('work with and without a slash at the end, without a redirect', async () => {
    for (const path of ['/api/ssh-keys', '/api/ssh-keys/', '/docs', '/docs/', '/healthz/']) {
      expect(await me.get(path), path).toMatchObject({ status: 200 })
    }
  })

  it('that do not exist are 404 in the envelope', async () => {
    expect(await me.get('/api/nonsense/')).toMatchObject({
      status: 404,
      body: { ...envelope, error_code: 'NOT_FOUND' },
    })
    expect(await api.send('GET', '/nonsense')).toMatchObject({ status: 404, body: envelope })
  })

  it('of the other API begin at one with nothing there, whatever is sent', async () => {
    const nothing = { status: 404, body: { detail: expect.stringContaining('nothing at /v1') } }
    for (const path of ['/v1', '/v1/']) {
      expect(await me.get(path)).toMatchObject(nothing)
      expect(await me.delete(path), `DELETE ${path}`).toMatchObject(nothing)
      for (const send of [me.post, me.put, me.patch])
        expect(await send(path, { a: 1 }), path).toMatchObject(nothing)
      expect(await api.send('POST', path, { body: {} })).toMatchObject({ status: 401 })
    }
  })

  it('where a handler looks and finds nothing are 404 too', async () => {
    const app = createServer(api)
    app.get('/files/:name', (_c, next) => next())
    const answer = await app.request('/files/..%2f')
    expect(await answer.json()).toMatchObject({ error_code: 'NOT_FOUND' })
    expect(answer.status).toBe(404)
  })

  it('that take other methods say which', async () => {
    const reply = await me.delete('/api/ssh-keys/')
    expect(reply).toMatchObject({
      status: 405,
      body: { ...envelope, error_code: 'METHOD_NOT_ALLOWED' },
    })
    expect(reply.headers.get('Allow')).toBe('GET, POST, HEAD, OPTIONS')
  })

  it('answer OPTIONS with their methods, without a key', async () => {
    const reply = await api.send('OPTIONS', '/api/ssh-keys/BRK-123456K/')
    expect(reply.status).toBe(204)
    expect(reply.headers.get('Allow')).toBe('DELETE, GET, HEAD, OPTIONS')
  })

  it('answer HEAD like GET, without the body', async () => {
    const head = (path: string, headers = {}) => api.app.request(path, { method: 'HEAD', headers })
    const reply = await head('/api/ssh-keys/', { 'X-API-Key': me.key })
    expect(reply.status).toBe(200)
    expect(await reply.text()).toBe('')
    expect((await head('/api/pricing/')).status).toBe(200)
    expect((await head('/api/ssh-keys/')).status).toBe(401)
  })
})

it('gives every answer an id, in the header and in the body', async () => {
  for (const path of ['/api/ssh-keys/', '/api/ssh-keys/BRK-000000K/', '/api/nonsense/']) {
    const { headers, body } = await me.get(path)
    expect(headers.get('X-Request-ID')).toBe(body.request_id)
  }
})

it('tells browsers and proxies to keep their hands off the answers', async () => {
  for (const path of ['/api/ssh-keys/', '/api/nonsense/']) {
    const { headers } = await me.get(path)
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    })
  }
})
