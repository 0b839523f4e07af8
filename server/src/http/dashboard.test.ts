import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from './answers.ts'
import { checkoutOrigins, dashboardRoutes } from './dashboard.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dashboard-'))
  mkdirSync(join(folder, 'assets'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Garrison</title>')
  writeFileSync(join(folder, 'assets/index-1a2b.js'), 'export {}')
})
afterAll(() => rmSync(folder, { recursive: true }))

const served = (checkout: readonly string[] = []) => {
  const app = new Hono() as unknown as App
  dashboardRoutes(app, folder, checkout)
  return app
}

describe('the dashboard', () => {
  it.each(['/', '/instances', '/instances/BRK-123456D/console', '/metricsy'])(
    'is the page at %s',
    async (path) => {
      const response = await served().request(path)
      expect(response.status).toBe(200)
      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(response.headers.get('cache-control')).toBe('no-cache')
      expect(await response.text()).toContain('Garrison')
    },
  )

  it.each([
    '/api/nothing/',
    '/v1/nothing',
    '/docs/nothing',
    '/assets/nothing.js',
    '/metrics',
    '/execute',
    '/upload',
  ])('leaves %s to others', async (path) => {
    expect((await served().request(path)).status).toBe(404)
  })

  it('runs no script but its own, and the checkout of a payment provider only where there is one', async () => {
    const policyOf = async (app: App) =>
      (await app.request('/')).headers.get('content-security-policy') ?? ''
    const plain = await policyOf(served())
    expect(plain).toContain("script-src 'self';")
    expect(plain).toContain("frame-src 'none'")
    expect(plain).not.toMatch(/script-src[^;]*unsafe/)
    const paying = await policyOf(served(checkoutOrigins.razorpay))
    expect(paying).toContain("script-src 'self' https://checkout.razorpay.com")
  })

  it('is kept for ever by its name, compressed for those who ask', async () => {
    const app = served()
    const headers = { 'Accept-Encoding': 'gzip, br' }
    const response = await app.request('/assets/index-1a2b.js', { headers })
    expect(response.headers.get('cache-control')).toContain('immutable')
    expect(response.headers.get('content-encoding')).toBe('br')
    const body = brotliDecompressSync(Buffer.from(await response.arrayBuffer()))
    expect(body.toString()).toBe('export {}')
    const etag = response.headers.get('etag') ?? ''
    const again = await app.request('/assets/index-1a2b.js', { headers: { 'If-None-Match': etag } })
    expect(again.status).toBe(304)
  })

  it('says what to do when it was not built', () => {
    expect(() => dashboardRoutes(new Hono() as unknown as App, join(folder, 'assets'), [])).toThrow(
      'build the dashboard again',
    )
  })
})
