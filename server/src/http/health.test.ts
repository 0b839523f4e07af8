import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../database/database.ts'
import { createServer } from '../routes.ts'
import { type Api, createApi } from '../testing/api.ts'
import type { App } from './app.ts'

let api: Api
beforeEach(async () => {
  api = await createApi()
})
afterEach(() => api.close())

describe('while the database is away', () => {
  let app: App
  beforeEach(() => {
    app = createServer({ ...api, db: openDatabase({ host: '/nowhere' }).db })
  })

  it('the process is alive', async () => {
    expect((await app.request('/healthz')).status).toBe(200)
  })

  it('it is not ready, and says why', async () => {
    const response = await app.request('/readyz')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      ready: false,
      checks: { database: { ok: false, detail: expect.any(String) }, engines: { ok: true } },
    })
  })

  it('the API says to come back', async () => {
    const response = await app.request('/api/ssh-keys/', { headers: { 'X-API-Key': 'brk_x' } })
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0)
    expect(await response.json()).toMatchObject({ error_code: 'SERVICE_UNAVAILABLE' })
  })

  it('metrics go on', async () => {
    const response = await app.request('/metrics', {}, from('127.0.0.1'))
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('process_resident_memory_bytes')
  })
})

it('is alive, and ready when database, engines and image are', async () => {
  expect(await api.send('GET', '/healthz')).toMatchObject({ status: 200, body: { status: 'ok' } })
  expect(await api.send('GET', '/readyz')).toMatchObject({
    status: 200,
    body: {
      ready: true,
      checks: { database: { ok: true }, engines: { ok: true }, guest_image: { ok: true } },
    },
  })
})

/** As a server that listens would say it. */
const from = (remoteAddress: string) => ({
  incoming: { socket: { remoteAddress, remotePort: 1, remoteFamily: 'IPv4' } },
})

describe('metrics', () => {
  it('are for this host and for operators', async () => {
    const ask = async (address: string, headers: Record<string, string> = {}) =>
      (await api.app.request('/metrics', { headers }, from(address))).status
    const operator = await api.client('Operator', { role: 'operator' })
    const owner = await api.client()
    expect(await ask('192.0.2.1')).toBe(401)
    expect(await ask('192.0.2.1', { 'X-API-Key': owner.key })).toBe(403)
    expect(await ask('192.0.2.1', { 'X-API-Key': operator.key })).toBe(200)
    expect(await ask('127.0.0.1')).toBe(200)
    expect(await ask('127.0.0.1', { 'X-Forwarded-For': '192.0.2.1' })).toBe(401)
  })

  it('count requests by the pattern of their route, not by path', async () => {
    const me = await api.client()
    await me.get('/api/ssh-keys/BRK-123456K/')
    await me.get('/api/nonsense/BRK-123456K/')
    const body = await (await api.app.request('/metrics', {}, from('::1'))).text()
    expect(body).toMatch(
      /garrison_http_request_seconds_count\{method="GET",route="\/api\/ssh-keys\/:key_id\/",status="404"\} 1/,
    )
    expect(body).not.toContain('BRK-123456K')
  })

  it('tell of the process and of instances', async () => {
    const body = await (await api.app.request('/metrics', {}, from('127.0.0.1'))).text()
    expect(body).toContain('process_resident_memory_bytes')
    expect(body).toContain('# TYPE garrison_instances gauge')
    expect(body).toContain('# TYPE garrison_microvms gauge')
    for (const what of ['waiting', 'hits', 'misses'])
      expect(body).toMatch(
        new RegExp(`^garrison_microvm_pool_${what}\\{region="\\S+"\\} \\d+$`, 'm'),
      )
  })
})

it('says when the disk is full, and is ready all the same: deletions go on', async () => {
  const disk = () => ({ ok: false, detail: 'The disk of /data is full' })
  const response = await createServer({ ...api, disk }).request('/readyz')
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ ready: true, checks: { disk: disk() } })
})
