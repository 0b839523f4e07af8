/** Many who want a microVM at the same moment, over HTTP: of a host of two cores. */
import { CapacityError, EngineError } from '@garrison/engines/engine'
import { afterEach, expect, it, vi } from 'vitest'
import { loadConfig } from '../config.ts'
import { listen } from '../http/listen.ts'
import { type Api, createApi } from '../testing/api.ts'
import type { WorldOptions } from '../testing/world.ts'

let api: Api
let server: Awaited<ReturnType<typeof listen>>
let key: string

const { microvms: usual } = loadConfig({ env: {}, dataDir: '/nowhere' })
const host = (memoryMib: number) => ({
  ...{ name: 'small', vcpus: 2, memoryMib, diskGb: 100, diskFreeGb: 100, gpus: [] },
})

async function open(memoryMib: number, config: WorldOptions['config'] = {}) {
  api = await createApi({ hosts: [host(memoryMib)], config })
  api.startRunner()
  server = await listen(api.app, { host: '127.0.0.1', port: 0 })
  key = (await api.client()).key
  await api.services.microvmSnapshots.registerBase()
  await api.settle()
}
afterEach(async () => {
  await server.close()
  await api.close()
})

async function ask(method: string, path: string, body?: object, idempotencyKey?: string) {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...{ 'X-API-Key': key, 'Content-Type': 'application/json' },
      ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: what is in it, the tests say
  const answer = (await response.json()) as any
  return { status: response.status, headers: response.headers, body: answer }
}

const manyAtOnce = (size: number, body: object) =>
  Promise.all(Array.from({ length: size }, () => ask('POST', '/v1/vms', body)))

it('all of fifty have one, and each runs what it is asked for', async () => {
  await open(32_768)
  const replies = await manyAtOnce(50, {})
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(replies.map(({ body }) => body.vm_id)).size).toBe(50)
  const ran = await Promise.all(
    replies.map(({ body }) =>
      ask('POST', '/execute', {
        ...{ session_id: body.session_id, language: 'bash', command: 'echo here' },
      }),
    ),
  )
  for (const { body } of ran) expect(body).toMatchObject({ exit_code: 0, stdout: 'here\n' })
})

it('where there is room for ten, ten of 200 have one and the others hear when to ask again', async () => {
  // Each counts with a quarter of its memory.
  await open(10 * 128)
  const replies = await manyAtOnce(200, { memory_mb: 512 })
  const refused = replies.filter(({ status }) => status !== 200)
  expect(refused).toHaveLength(190)
  for (const { status, headers, body } of refused) {
    expect(status, JSON.stringify(body)).toBe(429)
    expect(body.detail).toMatch(/no room/)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  }
  const { body: there } = await ask('GET', '/v1/vms')
  expect(there).toHaveLength(10)
  await ask('DELETE', `/v1/vms/${there[0].vm_id}`)
  expect((await ask('POST', '/v1/vms', { memory_mb: 512 })).status).toBe(200)
})

it('whoever has as many as an account may have hears when to ask again', async () => {
  await open(32_768, { microvms: { ...usual, vms_per_account: 1 } })
  expect((await ask('POST', '/v1/vms', {})).status).toBe(200)
  const { status, headers } = await ask('POST', '/v1/vms', {})
  expect([status, Number(headers.get('retry-after'))]).toEqual([429, 5])
})

it.each([
  ['a host that has less room than was thought', new CapacityError('no memory is left'), 429],
  ['a host on which something broke', new EngineError('the disk is gone'), 502],
])('%s is told by what is started, resumed and executed', async (_, failure, status) => {
  await open(32_768)
  const { microvms } = api.engine
  const { body: sleeper } = await ask('POST', '/v1/vms', {})
  expect((await ask('POST', `/v1/vms/${sleeper.vm_id}/suspend`)).status).toBe(200)
  for (const verb of ['ensureMicrovm', 'ensureMicrovmResumed'] as const)
    vi.spyOn(microvms, verb).mockRejectedValue(failure)

  const start = () => ask('POST', '/v1/vms', {}, 'start')
  const resume = () => ask('POST', `/v1/vms/${sleeper.vm_id}/resume`, undefined, 'resume')
  const execute = () => ask('POST', '/execute', { language: 'bash', command: 'true' })
  // Whoever asks again with the same key has it tried again.
  for (const begin of [start, resume, execute, start, resume]) {
    const { status: answered, headers, body } = await begin()
    expect(answered, JSON.stringify(body)).toBe(status)
    expect(body.detail).toContain(failure.message)
    expect(headers.has('retry-after')).toBe(status === 429)
  }
  vi.restoreAllMocks()
  expect((await resume()).body.status).toBe('running')
  const { body: started } = await start()
  expect(started.status).toBe('running')
  expect((await start()).body.vm_id).toBe(started.vm_id)
})

it.each([
  ['has no room', new CapacityError('the disk is nearly full'), 429],
  ['breaks', new EngineError('the disk is gone'), 502],
])(
  'a disk that %s is told by snapshots, copies and suspensions alike',
  async (_, failure, status) => {
    await open(32_768)
    const { microvms } = api.engine
    const { body: vm } = await ask('POST', '/v1/vms', {})
    vi.spyOn(microvms, 'ensureMicrovmSnapshot').mockRejectedValue(failure)
    vi.spyOn(microvms, 'ensureMicrovmSuspended').mockRejectedValue(failure)
    for (const verb of ['snapshot', 'clone', 'suspend', 'snapshot', 'suspend']) {
      const { status: answered, body } = await ask('POST', `/v1/vms/${vm.vm_id}/${verb}`, {}, verb)
      expect(answered, verb).toBe(status)
      expect(body.detail).toContain(failure.message)
    }
    vi.restoreAllMocks()
    for (const verb of ['snapshot', 'clone', 'suspend'])
      expect((await ask('POST', `/v1/vms/${vm.vm_id}/${verb}`, {}, verb)).status, verb).toBe(200)
  },
)
