import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
beforeAll(async () => {
  api = await createApi()
})
afterAll(() => api.close())

const get = (path: string, headers = {}) => api.app.request(path, { headers })

describe('/openapi.json', () => {
  it('is the document of the repository, byte for byte', async () => {
    const response = await get('/openapi.json')
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json/)
    const file = new URL('../../../openapi.json', import.meta.url)
    expect(await response.text()).toBe(readFileSync(file, 'utf8'))
  })

  it('is not sent again to whoever has it', async () => {
    const etag = (await get('/openapi.json')).headers.get('ETag') ?? ''
    for (const known of [etag, `W/${etag}`]) {
      const response = await get('/openapi.json', { 'If-None-Match': known })
      expect(response.status).toBe(304)
      expect(await response.text()).toBe('')
    }
  })
})

describe('/docs', () => {
  it('loads what is on this server, and nothing else', async () => {
    const response = await get('/docs')
    const page = await response.text()
    expect(page).toContain('<title>Garrison API</title>')
    expect(page).not.toMatch(/https?:\/\/|src="\/\/|href="\/\//)
    const addresses = [...page.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? '')
    expect(addresses).toHaveLength(4)
    for (const address of addresses) expect((await get(address)).status, address).toBe(200)
  })

  it('may run scripts and fetch from this server only', async () => {
    const policy = (await get('/docs')).headers.get('Content-Security-Policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).toContain("connect-src 'self';")
  })

  it('has no scripts inside the page, which its policy would not let run', async () => {
    expect(await (await get('/docs')).text()).not.toMatch(/<script>|<script [^>]*>[^<]|\son\w+=/)
  })
})
