/** What a client of the microVM API does, request by request, as the published ones do it. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeAll(async () => {
  api = await createApi()
  api.startRunner()
  me = await api.client()
})
afterAll(() => api.close())

/** As the published clients show their key. */
const keyed = (headers: Record<string, string> = {}) => ({
  headers: { 'X-API-Key': me.key, ...headers },
})
const post = (path: string, body?: unknown) => api.send('POST', path, { ...keyed(), body })
const get = (path: string) => api.send('GET', path, keyed())
const run = (session_id: string, command: string, language = 'bash') =>
  post('/execute', { session_id, command, language })

describe('a session', () => {
  it('is made with the key in the body alone, and gets its machine with the first execution', async () => {
    const made = await api.send('POST', '/v1/sessions/session', {
      body: { api_key: me.key, vm_lifetime_seconds: 300 },
    })
    expect(made).toMatchObject({ status: 200, body: { vm_id: null, vm_status: 'pending' } })
    const { session_id } = made.body
    const first = await run(session_id, 'echo hello')
    expect(first).toMatchObject({
      status: 200,
      body: { stdout: 'hello\n', stderr: '', exit_code: 0, success: true, session_id },
    })
    await run(session_id, 'WORD=kept')
    const second = await run(session_id, 'echo $WORD')
    expect(second.body).toMatchObject({ stdout: 'kept\n', vm_id: first.body.vm_id })
    const status = await get(`/v1/sessions/status/${session_id}`)
    expect(status.body).toMatchObject({ vm_status: 'active', vm_id: first.body.vm_id })
    expect((await get(`/v1/sessions/session/${session_id}`)).body.session_id).toBe(session_id)

    const killed = await post('/kill', { session_id })
    expect(killed).toMatchObject({ status: 200, body: { killed_vm_id: first.body.vm_id } })
    await api.settle()
    expect((await post('/kill', { session_id })).status).toBe(404)
    const third = await run(session_id, 'echo $WORD')
    expect(third.body.stdout).toBe('\n')
    expect(third.body.vm_id).not.toBe(first.body.vm_id)
    expect((await get(`/v1/sessions/usage/${session_id}`)).body).toMatchObject({ executions: 4 })
  })

  it('whose environment is given has its machine at once, and keeps nothing of it for the next', async () => {
    const kept = () => api.db.selectFrom('microvm_sessions').select('env').execute()
    const made = await post('/v1/sessions/session', { env: { STAGE: 'test' } })
    expect(made.body).toMatchObject({ vm_id: expect.stringMatching(/^vm_/) })
    const { session_id } = made.body
    expect((await run(session_id, 'echo $STAGE')).body.stdout).toBe('test\n')
    const vm = await post('/v1/vms', { env: { STAGE: 'test' } })
    expect(vm.status).toBe(200)
    expect(JSON.stringify(await kept())).not.toContain('STAGE')
    await post('/kill', { session_id })
    await api.settle()
    expect((await run(session_id, 'echo $STAGE')).body.stdout).toBe('\n')
  })

  it('is made by an execution that names none, and one that fails says so with its exit code', async () => {
    const reply = await post('/execute', { code: 'exit 3', language: 'bash', session_id: null })
    expect(reply.body).toMatchObject({ exit_code: 3, success: false })
    expect(reply.body.session_id).toMatch(/^[0-9a-f-]{36}$/)
  })
})

it('asynchronous executions are asked for until they are complete', async () => {
  const begun = await post('/execute_async', { command: 'echo later', language: 'bash' })
  expect(begun).toMatchObject({ status: 200, body: { is_complete: false } })
  await api.services.executions.idle()
  const { task_id } = begun.body
  const done = await get(`/v1/executions/${task_id}`)
  expect(done.body).toMatchObject({ is_complete: true, serialized_stdout: 'later\n', exit_code: 0 })
  const list = await get('/v1/executions/')
  expect(list.body.map((each: { task_id: string }) => each.task_id)).toContain(task_id)
})

describe('a machine', () => {
  it('begins as a snapshot, is captured, cloned, suspended, resumed, changed and ended', async () => {
    const { body: vm, status } = await post('/v1/vms?wait=true', { metadata: { task: 'a' } })
    expect({ status, vm }).toMatchObject({
      status: 200,
      vm: { status: 'running', start: 'memory' },
    })
    await run(vm.session_id, 'WORD=mine')
    const taken = await post(`/v1/vms/${vm.vm_id}/snapshot`, { name: 'prepared' })
    expect(taken.body).toEqual({ snapshot_id: expect.stringMatching(/^snap_/), status: 'ready' })

    const { snapshot_id } = taken.body
    const { body: other } = await post('/v1/vms', { snapshot_id, vm_lifetime_seconds: 20 })
    expect((await run(other.session_id, 'echo $WORD')).body.stdout).toBe('mine\n')
    const cloned = await post(`/v1/vms/${vm.vm_id}/clone`)
    expect(cloned.body).toMatchObject({ status: 'running', snapshot_deleted: true })
    expect((await run(cloned.body.session_id, 'echo $WORD')).body.stdout).toBe('mine\n')

    const path = `/v1/vms/${vm.vm_id}`
    expect((await post(`${path}/suspend`)).body.status).toBe('suspended')
    expect(await run(vm.session_id, 'true')).toMatchObject({ status: 409 })
    expect((await post(`${path}/resume`)).body.status).toBe('running')
    expect((await run(vm.session_id, 'echo $WORD')).body.stdout).toBe('mine\n')

    const changed = await api.send('PATCH', path, {
      ...keyed(),
      body: { metadata: { task: 'b' }, vm_lifetime_seconds: 7200 },
    })
    const left = new Date(changed.body.ends_at).getTime() - Date.now()
    expect(left).toBeGreaterThan(7_190_000)
    const found = await get(`/v1/sessions/sandboxes?metadata=${encodeURIComponent('{"task":"b"}')}`)
    expect(found.body).toMatchObject([{ sandbox_id: vm.vm_id, status: 'active' }])

    const ended = await api.send('DELETE', path, keyed())
    expect(ended).toMatchObject({ status: 200, body: { status: 'terminated' } })
    const list = await get('/v1/vms')
    expect(list.body.map((each: { vm_id: string }) => each.vm_id)).not.toContain(vm.vm_id)
    expect((await get('/v1/vms?all=true')).body).toContainEqual(ended.body)
  })

  it('is answered before it runs to whoever does not wait', async () => {
    const { body } = await post('/v1/vms?wait=false', {})
    expect(body.status).toBe('starting')
    await api.settle()
    expect((await get(`/v1/vms/${body.vm_id}/`)).body.status).toBe('running')
  })

  it.each(['/v1/execute', '/execute/', '/v1/v1/execute'])('is used by %s too', async (path) => {
    expect((await post(path, { command: 'echo x', language: 'bash' })).body.stdout).toBe('x\n')
  })
})

describe('snapshots', () => {
  const schema = JSON.parse(
    readFileSync(
      new URL('../../../contract/fixtures/v1-snapshots-list.200.schema.json', import.meta.url),
      'utf8',
    ),
  )

  it('are listed with exactly the published fields', async () => {
    const built = await post('/v1/snapshots', { oci_image: 'python:3.12-slim', name: 'python' })
    expect(built.body).toMatchObject({ status: 'pending', id: built.body.snapshot_id })
    await api.settle()
    for (const query of ['', '?type=user', '?type=system']) {
      const { body } = await get(`/v1/snapshots${query}`)
      expect(body.length).toBeGreaterThan(0)
      for (const each of body) {
        expect(Object.keys(each).sort()).toEqual(Object.keys(schema.items.properties).sort())
        if (query !== '') expect(each.type).toBe(query.slice('?type='.length))
      }
    }
    const log = await get(`/v1/snapshots/${built.body.id}/build-log`)
    expect(log.body).toMatchObject({ status: 'ready', is_complete: true })
    expect(log.body.log).not.toBe('')
    const rest = await get(
      `/v1/snapshots/${built.body.id}/build-log?offset=${log.body.next_offset}`,
    )
    expect(rest.body.log).toBe('')
    const deleted = await api.send('DELETE', `/v1/snapshots/${built.body.id}`, keyed())
    expect(deleted.body).toMatchObject({ id: built.body.id, deleted: true })
    await api.settle()
    expect((await get(`/v1/snapshots/${built.body.id}`)).status).toBe(404)
  })
})

describe('files', () => {
  async function form(path: string, fields: Record<string, string | File>) {
    const body = new FormData()
    for (const [name, value] of Object.entries(fields)) body.set(name, value)
    const reply = await api.app.request(path, { method: 'POST', body, ...keyed() })
    return { status: reply.status, body: await reply.json() }
  }
  async function session() {
    const { body } = await post('/execute', { command: 'true', language: 'bash' })
    return body.session_id as string
  }

  it('go in and come out again, below /app unless said otherwise', async () => {
    const session_id = await session()
    const file = new File(['a,b\n1,2\n'], 'data.csv')
    const sent = await form('/upload', { file, session_id, remote_path: 'in/data.csv' })
    expect(sent).toMatchObject({ status: 200, body: { remote_path: '/app/in/data.csv' } })
    const fetched = (filename: string) =>
      api.send('POST', '/download', {
        ...keyed({ 'Content-Type': 'application/x-www-form-urlencoded' }),
        body: new URLSearchParams({ filename, session_id }).toString(),
      })
    const got = await fetched('/app/in/data.csv')
    expect(got.status).toBe(200)
    expect(Buffer.from(got.body.content, 'base64').toString()).toBe('a,b\n1,2\n')
    const missing = await fetched('none')
    expect(missing).toMatchObject({ status: 404, body: { detail: expect.any(String) } })
  })

  it.each(['../../etc/passwd', '/app/../etc/passwd', 'a/../../b'])(
    'never go to %s',
    async (remote_path) => {
      const session_id = await session()
      const file = new File(['x'], 'x')
      const sent = await form('/upload', { file, session_id, remote_path })
      expect(sent).toMatchObject({
        status: 422,
        body: { detail: [{ loc: ['body', 'remote_path'] }] },
      })
      const named = new File(['x'], '../../etc/passwd')
      expect((await form('/upload', { file: named, session_id })).status).toBe(422)
    },
  )
})
