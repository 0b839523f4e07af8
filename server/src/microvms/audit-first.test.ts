/** What is done in a machine is in the audit log, however it ends. */
import { GuestError } from '@garrison/engines/engine'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let vm: { vm_id: string; session_id: string }
beforeAll(async () => {
  api = await createApi()
  api.startRunner()
  me = await api.client()
  vm = (await me.post('/v1/vms', {})).body
})
afterAll(() => api.close())

const lost = new GuestError('silent', 'The machine does not answer')
const logged = async (action: string) =>
  (await me.get(`/v1/audit/events?action=${action}&resource_id=${vm.vm_id}`)).body

it('an upload that stops half way', async () => {
  vi.spyOn(api.engine.microvms, 'writeFile').mockRejectedValueOnce(lost)
  const body = new FormData()
  body.set('file', new File(['a,b\n'], 'data.csv'))
  body.set('session_id', vm.session_id)
  const headers = { 'X-API-Key': me.key }
  const reply = await api.app.request('/upload', { method: 'POST', body, headers })
  expect(reply.status).toBeGreaterThanOrEqual(400)
  expect(await logged('microvm.upload')).toMatchObject([{ detail: { path: '/app/data.csv' } }])
})

it('an environment that only some languages were given', async () => {
  vi.spyOn(api.engine.microvms, 'execute').mockRejectedValueOnce(lost)
  const reply = await me.post(`/v1/vms/${vm.vm_id}/stage-env`, { env: { TOKEN: 'hush' } })
  expect(reply.status).toBeGreaterThanOrEqual(400)
  expect(await logged('microvm.stage-env')).toMatchObject([{ detail: { staged: ['TOKEN'] } }])
})
