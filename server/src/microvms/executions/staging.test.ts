/** Environment that is given to a machine which runs. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Api, createApi } from '../../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let vm: { vm_id: string; session_id: string }
let at: string
beforeAll(async () => {
  api = await createApi()
  api.startRunner()
  me = await api.client()
  vm = (await me.post('/v1/vms', {})).body
  at = `/v1/vms/${vm.vm_id}/stage-env`
})
afterAll(() => api.close())

it('is there in the next execution, and in the audit log by name only', async () => {
  const reply = await me.post(at, { env: { TOKEN: 'hush-hush' } })
  expect(reply).toMatchObject({
    status: 200,
    body: {
      vm_id: vm.vm_id,
      session_id: vm.session_id,
      staged: ['TOKEN'],
      languages: ['python', 'bash'],
    },
  })
  const { session_id } = vm
  const said = await me.post('/execute', { session_id, language: 'bash', command: 'echo $TOKEN' })
  expect(said.body.stdout).toBe('hush-hush\n')
  const { body: events } = await me.get('/v1/audit/events?action=microvm.stage-env')
  expect(events).toMatchObject([{ detail: { staged: ['TOKEN'] } }])
  expect(JSON.stringify(events)).not.toContain('hush')
})

it.each([
  ['nothing', {}],
  ['no names', { env: {} }],
  ['a name that is none', { env: { 'a b': '1' } }],
  ['no text', { env: { A: 1 } }],
  ['a field that is not there', { env: { A: '1' }, vault: 'x' }],
])('is refused: %s', async (_, body) => {
  expect((await me.post(at, body)).status).toBe(422)
})

it('is nothing to a stranger, and not possible while the machine is suspended', async () => {
  const stranger = await api.client('Stranger')
  expect((await stranger.post(at, { env: { A: '1' } })).status).toBe(404)
  await me.post(`/v1/vms/${vm.vm_id}/suspend`)
  expect((await me.post(at, { env: { A: '1' } })).status).toBe(409)
})
