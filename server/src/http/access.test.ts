import { isWrite } from '@garrison/contract/access'
import { api as contract } from '@garrison/contract/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let reader: Awaited<ReturnType<Api['client']>>
beforeAll(async () => {
  api = await createApi({
    config: { limits: { reads_per_minute: 10_000, writes_per_minute: 10_000 } },
  })
  reader = await api.client('Reader', { access: 'read-only', role: 'operator' })
})
afterAll(() => api.close())

/** A stream has no end to wait for. */
const routes = Object.values(contract).filter(
  ({ path, operationId }) => path.startsWith('/api/') && operationId !== 'streamEvents',
)
const sent = ({ method, path }: { method: string; path: string }) =>
  api.send(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'BRK-000000D'), {
    key: reader.key,
    ...(method !== 'get' && { body: {} }),
  })

describe('a read-only key', () => {
  it('is refused everything that changes something, before anything is looked at', async () => {
    const writes = routes.filter(isWrite)
    expect(writes.length).toBeGreaterThan(30)
    for (const route of writes) {
      expect(await sent(route), route.operationId).toMatchObject({
        status: 403,
        body: { error_code: 'PERMISSION_DENIED' },
      })
    }
    const audited = await api.db
      .selectFrom('audit_log')
      .select('action')
      .where('request_id', 'is not', null)
      .execute()
    expect(audited).toEqual([])
  })

  it('reads everything, also what is asked with a POST', async () => {
    const reads = routes.filter((route) => !isWrite(route))
    expect(reads.some(({ method }) => method === 'post')).toBe(true)
    for (const route of reads) {
      expect([200, 400, 404, 503], route.operationId).toContain((await sent(route)).status)
    }
  })

  it('opens no line into a machine, where typing is writing', async () => {
    for (const kind of ['console', 'display']) {
      const path = `/api/instances/BRK-000000D/${kind}/`
      expect(await reader.get(path)).toMatchObject({ status: 403 })
      const head = { method: 'HEAD', headers: { 'X-API-Key': reader.key } }
      expect((await api.app.request(path, head)).status).toBe(403)
    }
  })
})
