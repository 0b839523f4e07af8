/**
 * The calls of the published clients, request by request over HTTP: what they send and how, and the fields
 * that they read of the answers, which others may surround.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../http/listen.ts'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let server: Awaited<ReturnType<typeof listen>>
let key: string
beforeAll(async () => {
  api = await createApi()
  api.startRunner()
  server = await listen(api.app, { host: '127.0.0.1', port: 0 })
  key = (await api.client()).key
})
afterAll(async () => {
  await server.close()
  await api.close()
})

type Sent = { json?: unknown; form?: FormData | URLSearchParams; headers?: Record<string, string> }

/** As a client does: the key in its own header, nothing else that it does not need. */
async function ask(method: string, path: string, { json, form, headers }: Sent = {}) {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...(headers ?? { 'X-API-Key': key }),
      ...(json !== undefined && { 'Content-Type': 'application/json' }),
    },
    body: json === undefined ? (form ?? null) : JSON.stringify(json),
    redirect: 'error',
  })
  // Every answer is JSON, also of deletions: clients parse without looking.
  // biome-ignore lint/suspicious/noExplicitAny: what is in it, the tests say
  return { status: response.status, body: (await response.json()) as any }
}

const post = (path: string, json: unknown) => ask('POST', path, { json })
const get = (path: string) => ask('GET', path)

async function until(
  path: string,
  is: (body: { status: string; is_complete: boolean }) => boolean,
) {
  let body: Awaited<ReturnType<typeof ask>>['body']
  await expect
    .poll(
      async () => {
        body = (await get(path)).body
        return is(body)
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe(true)
  return body
}

describe('a session', () => {
  let session_id: string

  it('starts with the key in the body and in no header', async () => {
    const json = {
      api_key: key,
      vm_lifetime_seconds: 300,
      ...{ memory_mb: 512, vcpu_count: 2, metadata: { purpose: 'demo' }, env: null },
    }
    const made = await ask('POST', '/v1/sessions/session', { json, headers: {} })
    expect(made).toMatchObject({ status: 200, body: { session_id: expect.any(String) } })
    session_id = made.body.session_id
  })

  it('executes, with exit code and times', async () => {
    const command = { command: 'echo hello', session_id, language: 'bash', timeout: 30 }
    const { status, body } = await post('/execute', command)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      ...{ stdout: 'hello\n', stderr: '', exit_code: 0, session_id },
      ...{ vm_id: expect.any(String), success: true },
    })
    expect(body.execution_time).toBeTypeOf('number')
    expect(body.cpu_time).toBeTypeOf('number')
    const failing = await post('/execute', { ...command, command: 'exit 7' })
    expect(failing.body).toMatchObject({ exit_code: 7, success: false })
  })

  it('executes for those whose base ends in /v1, and with the key as a bearer token', async () => {
    const headers = { Authorization: `Bearer ${key}` }
    const json = { code: 'echo there', session_id, language: 'bash', vault_ids: null }
    const reply = await ask('POST', '/v1/execute', { json, headers })
    expect(reply.body.stdout).toBe('there\n')
  })

  it('executes without waiting, and is asked until it is complete', async () => {
    const begun = await post('/execute_async', {
      command: 'echo later',
      session_id,
      language: 'bash',
    })
    const { task_id } = begun.body
    const done = await until(`/v1/executions/${task_id}`, ({ is_complete }) => is_complete)
    expect(done).toMatchObject({ serialized_stdout: 'later\n', serialized_stderr: '' })
    for (const field of ['cpu_time', 'execution_time']) expect(done[field]).toBeTypeOf('number')
    expect(done.created_at).toBeTypeOf('string')
    expect((await get('/v1/executions/')).body).toHaveLength(1)
  })

  it('takes a file as multipart, and gives it back for a form', async () => {
    const form = new FormData()
    form.set('file', new File(['a,b\n1,2\n'], 'data.csv'))
    form.set('remote_path', '/app/data.csv')
    form.set('session_id', session_id)
    form.set('recursive', 'false')
    expect((await ask('POST', '/upload', { form })).status).toBe(200)
    const wanted = new URLSearchParams({ filename: '/app/data.csv', session_id })
    const { body } = await ask('POST', '/download', { form: wanted })
    expect(Buffer.from(body.content, 'base64').toString()).toBe('a,b\n1,2\n')
  })

  it('is active, has used something, and is among the sandboxes', async () => {
    expect((await get(`/v1/sessions/status/${session_id}`)).body.vm_status).toBe('active')
    expect((await get(`/v1/sessions/session/${session_id}`)).body.session_id).toBe(session_id)
    expect((await get(`/v1/sessions/usage/${session_id}`)).status).toBe(200)
    const containing = encodeURIComponent(JSON.stringify({ purpose: 'demo' }))
    const { body } = await get(`/v1/sessions/sandboxes?metadata=${containing}&limit=10`)
    expect(body).toMatchObject([{ status: 'active', end_at: expect.any(String) }])
    expect(body[0]).toMatchObject({ sandbox_id: expect.any(String), name: expect.any(String) })
  })

  it('is killed, and what is gone is 404 from then on', async () => {
    expect(await post('/kill', { session_id })).toMatchObject({
      status: 200,
      body: { message: expect.any(String), killed_vm_id: expect.any(String) },
    })
    await api.settle()
    const again = await post('/kill', { session_id })
    expect(again).toMatchObject({ status: 404, body: { detail: expect.any(String) } })
  })
})

describe('a VM', () => {
  let vm: { vm_id: string; session_id: string }

  it('is made, with nulls for what the client was not told', async () => {
    const { status, body } = await post('/v1/vms?wait=true', {
      ...{ session_id: null, vm_lifetime_seconds: 3600, memory_mb: 512, vcpu_count: 2 },
      ...{ metadata: { task: 'agent' }, env: { STAGE: 'test' }, egress_policy: null },
      ...{ snapshot_id: null, snapshot_on_terminate: false, snapshot_name: null },
      ...{ share: null, custom_domain: null, vault_ids: null },
    })
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body).toMatchObject({ status: 'running', metadata: { task: 'agent' } })
    vm = body
    const command = { command: 'echo $STAGE', session_id: vm.session_id, language: 'bash' }
    expect((await post('/execute', command)).body.stdout).toBe('test\n')
  })

  it('is listed in a bare array, and read', async () => {
    const { body } = await get('/v1/vms')
    expect(body).toMatchObject([
      { vm_id: vm.vm_id, status: 'running', metadata: { task: 'agent' } },
    ])
    const one = await get(`/v1/vms/${vm.vm_id}`)
    expect(one.body).toMatchObject({ session_id: vm.session_id, status: 'running' })
  })

  it('is captured and cloned, with a body and with none', async () => {
    const at = `/v1/vms/${vm.vm_id}`
    const { body: taken } = await post(`${at}/snapshot?wait=true`, { name: 'prepared' })
    expect(taken).toEqual({ snapshot_id: expect.any(String), status: 'ready' })
    const restored = await post('/v1/vms?wait=true', { snapshot_id: taken.snapshot_id })
    expect(restored.body.status).toBe('running')
    const named = await post(`${at}/clone?wait=true`, { snapshot_name: 'fork' })
    expect(named.body).toMatchObject({
      ...{ session_id: expect.any(String), vm_id: expect.any(String), status: 'running' },
      ...{ snapshot_id: expect.any(String), snapshot_deleted: false },
    })
    const bare = await ask('POST', `${at}/clone`)
    expect(bare.body).toMatchObject({ status: 'running', snapshot_deleted: true })
  })

  it('has its metadata and lifetime changed, is suspended, resumed and deleted', async () => {
    const at = `/v1/vms/${vm.vm_id}`
    const json = { metadata: { task: 'other' }, vm_lifetime_seconds: 7200 }
    const changed = await ask('PATCH', at, { json })
    expect(changed.body).toMatchObject(json)
    expect((await get(at)).body).toEqual(changed.body)
    expect((await ask('POST', `${at}/suspend`)).body.status).toBe('suspended')
    expect((await ask('POST', `${at}/resume`)).body.status).toBe('running')
    expect((await ask('DELETE', at)).status).toBe(200)
    expect((await ask('DELETE', '/v1/vms/vm_gone')).status).toBe(404)
  })
})

describe('a snapshot', () => {
  it('is built of an image, asked for until it is ready, listed, read and deleted', async () => {
    const { body: built } = await post('/v1/snapshots', {
      ...{ oci_image: 'docker.io/library/python:3.12-slim', name: 'py', type: 'user' },
      ...{ vcpu_count: 2, memory_mb: 512 },
      build_args: { extra_pip_packages: 'requests', envs: { A: 'b' }, disk_size_gb: null },
    })
    expect(built.snapshot_id).toBe(built.id)
    const at = `/v1/snapshots/${built.id}`
    const ready = await until(at, ({ status }) => ['ready', 'failed'].includes(status))
    expect(ready).toMatchObject({ status: 'ready', name: 'py', last_error: null })
    expect(ready.size_bytes).toBeTypeOf('number')
    const { body: list } = await get('/v1/snapshots?type=user')
    expect(list.map(({ id }: { id: string }) => id)).toContain(built.id)
    expect((await ask('DELETE', at)).status).toBe(200)
    await api.settle()
    expect((await get(at)).status).toBe(404)
  })
})

describe('what goes wrong is told as clients sort it', () => {
  it.each([
    ['a bad key', () => ask('GET', '/v1/vms', { headers: { 'X-API-Key': 'wrong' } }), 401],
    ['a session that is none', () => post('/execute', { command: 'x', session_id: 'none' }), 404],
    ['what is not there yet', () => get('/v1/vaults'), 501],
  ])('%s', async (_, request, status) => {
    expect(await request()).toEqual({ status, body: { detail: expect.any(String) } })
  })

  it('a field that is not as it should be', async () => {
    const { status, body } = await post('/execute', { command: 'x', timeout: 601 })
    expect(status).toBe(422)
    expect(body.detail).toEqual([
      { loc: ['body', 'timeout'], msg: expect.any(String), type: 'less_than_equal' },
    ])
  })
})
