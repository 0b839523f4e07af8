/** Sessions, and the machines that are made for them or not. */
import { afterEach, expect, it, vi } from 'vitest'
import { loadConfig } from '../../config.ts'
import { type Api, createApi } from '../../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>

const { microvms: usual } = loadConfig({ env: {}, dataDir: '/nowhere' })

async function open(config: Parameters<typeof createApi>[0] = {}) {
  api = await createApi(config)
  api.startRunner()
  me = await api.client()
}
afterEach(() => api.close())
afterEach(() => void vi.restoreAllMocks())

it('one for which there can be no machine is not begun either, nor is its environment kept', async () => {
  await open({ config: { microvms: { ...usual, vms_per_account: 1 } } })
  expect((await me.post('/v1/vms', {})).status).toBe(200)
  const reply = await me.post('/v1/sessions/session', { env: { TOKEN: 'hush-hush' } })
  expect(reply.status).toBe(429)
  const rows = await api.db.selectFrom('microvm_sessions').select('env').execute()
  expect(JSON.stringify(rows)).not.toContain('hush')
})

it('one with an environment has a machine on its way when it is answered', async () => {
  await open()
  const { body } = await me.post('/v1/sessions/session', { env: { TOKEN: 'hush-hush' } })
  expect(body).toMatchObject({ vm_id: expect.any(String), vm_status: 'starting' })
  const { session_id } = body
  const said = await me.post('/execute', { session_id, language: 'bash', command: 'echo $TOKEN' })
  expect(said.body).toMatchObject({ stdout: 'hush-hush\n', vm_id: body.vm_id })
})

it('code waits for a machine that starts from a snapshot of its own, whatever becomes of the base', async () => {
  await open()
  const { body: source } = await me.post('/v1/vms', {})
  const { body: taken } = await me.post(`/v1/vms/${source.vm_id}/snapshot`, {})
  vi.spyOn(api.services.microvmSnapshots, 'readyBase').mockRejectedValue(new Error('asked'))
  const held = Promise.withResolvers<void>()
  const { ensureMicrovm } = api.engine.microvms
  vi.spyOn(api.engine.microvms, 'ensureMicrovm').mockImplementation(async (...all) => {
    await held.promise
    return ensureMicrovm.apply(api.engine.microvms, all)
  })
  const { body: vm } = await me.post('/v1/vms?wait=false', { snapshot_id: taken.snapshot_id })
  const { session_id, vm_id } = vm
  const running = me.post('/execute', { session_id, language: 'bash', command: 'echo here' })
  await vi.waitFor(() => expect(api.engine.microvms.ensureMicrovm).toHaveBeenCalled())
  held.resolve()
  expect(await running).toMatchObject({ status: 200, body: { stdout: 'here\n', vm_id } })
})

it('code waits for a machine that is being resumed', async () => {
  await open()
  const { body: vm } = await me.post('/v1/vms', {})
  await me.post(`/v1/vms/${vm.vm_id}/suspend`)
  const held = Promise.withResolvers<void>()
  const { ensureMicrovmResumed } = api.engine.microvms
  vi.spyOn(api.engine.microvms, 'ensureMicrovmResumed').mockImplementation(async (...all) => {
    await held.promise
    return ensureMicrovmResumed.apply(api.engine.microvms, all)
  })
  const resumed = await me.post(`/v1/vms/${vm.vm_id}/resume?wait=false`)
  expect(resumed.body.status).toBe('resuming')
  const { session_id } = vm
  const running = me.post('/execute', { session_id, language: 'bash', command: 'echo here' })
  await vi.waitFor(() => expect(api.engine.microvms.ensureMicrovmResumed).toHaveBeenCalled())
  setTimeout(held.resolve, 300)
  expect(await running).toMatchObject({ status: 200, body: { stdout: 'here\n' } })
})
