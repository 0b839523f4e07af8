/** An Idempotency-Key with what happens in machines, where no transaction can take anything back. */
import { isWrite } from '@garrison/contract/access'
import { microvmApi } from '@garrison/contract/microvms/api'
import { HTTPValidationError } from '@garrison/contract/microvms/common'
import { EngineError } from '@garrison/engines/engine'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let vm: { vm_id: string; session_id: string }
let executed: ReturnType<typeof vi.spyOn>
const clock = new ManualClock()
/** Keys of one test are nothing to the next. */
let test = 0

beforeAll(async () => {
  api = await createApi({ clock })
  api.startRunner()
  me = await api.client()
})
afterAll(() => api.close())
beforeEach(async () => {
  test++
  vm = (await me.post('/v1/vms', {})).body
  executed = vi.spyOn(api.engine.microvms, 'execute')
})
afterEach(() => {
  vi.restoreAllMocks()
})

const withKey = (key = 'once') => ({ 'Idempotency-Key': `${key}-${test}` })
const code = (command = 'echo a', more: object = {}) => ({
  ...{ session_id: vm.session_id, language: 'bash', command },
  ...more,
})
const execute = (body: object = code(), key = 'once') => me.post('/execute', body, withKey(key))
const replayed = ({ headers }: { headers: Headers }) => headers.get('Idempotency-Replayed')

/** The next execution waits in the machine until it is told how it ends. */
function held() {
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const signals: (AbortSignal | undefined)[] = []
  executed.mockImplementationOnce(
    async (_machine: unknown, _spec: unknown, signal: AbortSignal) => {
      signals.push(signal)
      begun.resolve()
      await end.promise
      return {
        ...{ stdout: 'late\n', stderr: '', exitCode: 0, seconds: 1, cpuSeconds: 1 },
        ...{ timedOut: false, truncated: false },
      }
    },
  )
  return { begun: begun.promise, end, signals }
}

describe('code', () => {
  it('runs once, and the first answer is given again', async () => {
    const first = await execute()
    const again = await execute()
    expect(first).toMatchObject({ status: 200, body: { stdout: 'a\n' } })
    expect(again).toMatchObject({ status: 200, body: first.body })
    expect([replayed(first), replayed(again)]).toEqual([null, 'true'])
    expect(executed).toHaveBeenCalledTimes(1)
    expect((await execute(code(), 'another')).status).toBe(200)
    expect(executed).toHaveBeenCalledTimes(2)
  })

  it('that printed much is kept shortened, and says so', async () => {
    const long = 'ä'.repeat(20_000)
    executed.mockResolvedValueOnce({
      ...{
        stdout: `x${long}`,
        stderr: 'no character: \uFFFD',
        exitCode: 0,
        seconds: 1,
        cpuSeconds: 1,
      },
      ...{ timedOut: false, truncated: false },
    })
    const first = await execute()
    expect(first.body).toMatchObject({ stdout: `x${long}`, truncated: false })
    const again = await execute()
    const stdout = `x${'ä'.repeat(16_383)}`
    expect(again.body).toEqual({ ...first.body, stdout, truncated: true })
  })

  it('is refused with the key of other code, in the form of this API', async () => {
    await execute()
    const other = await execute(code('echo b'))
    expect(other).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['header', 'idempotency-key'], type: 'value_error' }] },
    })
    expect(HTTPValidationError.strict().safeParse(other.body).success).toBe(true)
    expect(executed).toHaveBeenCalledTimes(1)
  })

  it('runs once among many requests at a time', async () => {
    const { begun, end } = held()
    const first = execute()
    await begun
    const others = await Promise.all(Array.from({ length: 8 }, () => execute()))
    for (const reply of others)
      expect(reply).toMatchObject({ status: 409, body: { detail: expect.stringMatching(/still/) } })
    end.resolve()
    expect(await first).toMatchObject({ status: 200, body: { stdout: 'late\n' } })
    expect(await execute()).toMatchObject({ status: 200, body: { stdout: 'late\n' } })
    expect(executed).toHaveBeenCalledTimes(1)
  })

  it('goes on when whoever asked hangs up, and is answered to whoever asks again', async () => {
    const { begun, end, signals } = held()
    const gone = new AbortController()
    const headers = { 'X-API-Key': me.key, 'Content-Type': 'application/json', ...withKey() }
    const body = JSON.stringify(code())
    const first = api.app.request('/execute', {
      ...{ method: 'POST', headers, body, signal: gone.signal },
    })
    await begun
    gone.abort()
    expect(signals[0]?.aborted).toBe(false)
    end.resolve()
    await first
    expect((await execute()).body.stdout).toBe('late\n')
  })

  it('that never began can be asked for again with the key', async () => {
    await me.post(`/v1/vms/${vm.vm_id}/suspend`)
    expect((await execute()).status).toBe(409)
    await me.post(`/v1/vms/${vm.vm_id}/resume`)
    const reply = await execute()
    expect(reply.status).toBe(200)
    expect(replayed(reply)).toBeNull()
  })

  it('whose end nobody knows does not run again', async () => {
    executed.mockRejectedValueOnce(new EngineError('the line broke'))
    expect((await execute()).status).toBeGreaterThanOrEqual(500)
    expect(await execute()).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/may have happened/) },
    })
    expect(executed).toHaveBeenCalledTimes(1)
  })

  it('that was under way when its server died is refused from when it must be over', async () => {
    const { begun } = held()
    void execute(code('sleep', { timeout: 600 }))
    await begun
    await clock.advance(11 * 60_000)
    expect((await execute(code('sleep', { timeout: 600 }))).body.detail).toMatch(/still running/)
    await clock.advance(60_000)
    expect((await execute(code('sleep', { timeout: 600 }))).body.detail).toMatch(/may have/)
    expect(executed).toHaveBeenCalledTimes(1)
  })

  it('without anybody who waits is one task', async () => {
    const ask = () => me.post('/execute_async', code(), withKey())
    const [first, again] = [await ask(), await ask()]
    await api.services.executions.idle()
    expect(again.body).toEqual(first.body)
    expect((await me.get('/v1/executions')).body).toHaveLength(1)
    expect(executed).toHaveBeenCalledTimes(1)
  })
})

describe('the other writes that no transaction holds', () => {
  const upload = (path: string, content: string, fields: Record<string, string>) => {
    const form = new FormData()
    form.set('file', new File([content], 'a.txt'))
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    const headers = { 'X-API-Key': me.key, ...withKey() }
    return api.app.request(path, { method: 'POST', headers, body: form })
  }

  it('know an upload again, whatever is between its parts', async () => {
    const fields = { session_id: vm.session_id, remote_path: '/app/a.txt' }
    const { body: volume } = await me.post('/v1/volumes', { name: 'data' })
    const into = `/v1/volumes/${volume.id}/files/upload`
    for (const [path, more] of [
      ['/upload', fields],
      [into, {}],
    ] as const) {
      const replies = [await upload(path, 'one', more), await upload(path, 'one', more)]
      expect(replies.map(({ status }) => status)).toEqual([200, 200])
      expect(replies.map(replayed)).toEqual([null, 'true'])
      expect((await upload(path, 'two', more)).status).toBe(422)
    }
  })

  it('know everything else again', async () => {
    const base = `/v1/vms/${vm.vm_id}/pty/sessions`
    const { body: pty } = await me.post(base, {})
    const asked = [
      ['POST', `/v1/vms/${vm.vm_id}/stage-env`, { env: { A: '1' } }],
      ['POST', base, { cols: 100 }],
      ['POST', `/v1/sessions/${vm.session_id}/pty/sessions`, {}],
      ['POST', `${base}/${pty.pty_id}/resize`, { cols: 90, rows: 30 }],
      ['POST', `${base}/${pty.pty_id}/connect`, {}],
      ['DELETE', `${base}/${pty.pty_id}`, undefined],
    ] as const
    for (const [method, path, body] of asked) {
      const send = () => api.send(method, path, { key: me.key, headers: withKey(), body })
      const [first, again] = [await send(), await send()]
      expect([first.status, again.status], path).toEqual([first.status, first.status])
      expect(first.status, path).toBeLessThan(300)
      expect([replayed(first), replayed(again)], path).toEqual([null, 'true'])
      // Tokens are shown once.
      const { connect_token, connect_path, ws_url, ...shown } = first.body
      expect(again.body).toMatchObject(shown)
      if (connect_token !== undefined)
        expect(JSON.stringify(again.body)).not.toContain(connect_token)
    }
  })

  it('say so in the document, all of them', async () => {
    const { body: document } = await me.get('/openapi.json')
    for (const route of Object.values(microvmApi)) {
      const { parameters = [] } = document.paths[route.path][route.method]
      const takes = parameters.some(({ name }: { name: string }) => name === 'idempotency-key')
      const may = isWrite(route) && route.method !== 'get' && route.path !== '/v1/token'
      expect(takes, route.operationId).toBe(may)
    }
  })
})
