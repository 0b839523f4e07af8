/**
 * How often the database is asked on the ways that are to be quick. A number here that grows is a millisecond
 * or so for everybody; whoever makes one grow says why.
 */
import pg from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let snapshot_id: string
const asked: string[] = []

beforeAll(async () => {
  api = await createApi()
  api.startRunner()
  me = await api.client()
  await api.services.microvmSnapshots.registerBase()
  await api.settle()
  const base = await me.get('/v1/snapshots?type=system')
  snapshot_id = base.body[0].id
  // What is remembered from then on.
  await me.post('/v1/vms', { snapshot_id })
  const query = pg.Client.prototype.query
  vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...rest) {
    const [first] = rest as unknown as [string | { text: string }]
    asked.push(typeof first === 'string' ? first : first.text)
    return Reflect.apply(query, this, rest)
  })
})
afterAll(async () => {
  vi.restoreAllMocks()
  await api.close()
})

/** Without what a runner looks for beside it, and keys, which are remembered for a while. */
const besides = /^update operations set|"api_keys"/
const ofTheRequest = () => asked.filter((text) => !besides.test(text.trim()))

it('asks the database 17 times from the request to the engine, and 8 more until the answer', async () => {
  const { microvms } = api.engine
  const ensure = microvms.ensureMicrovm
  let before = 0
  vi.spyOn(microvms, 'ensureMicrovm').mockImplementation((...rest) => {
    before = ofTheRequest().length
    return Reflect.apply(ensure, microvms, rest)
  })
  asked.length = 0
  const made = await me.post('/v1/vms', { snapshot_id })
  expect(made).toMatchObject({ status: 200, body: { status: 'running' } })
  expect(before).toBeGreaterThan(0)
  const words = ofTheRequest().join('\n')
  expect(before, words).toBeLessThanOrEqual(17)
  // One of them only where the database tells of the end before the runner does.
  expect(ofTheRequest().length, words).toBeLessThanOrEqual(25)
})

it('asks once before code runs in a machine, and for nothing between its end and the answer', async () => {
  const { body } = await me.post('/v1/vms', { snapshot_id })
  const { microvms } = api.engine
  const execute = microvms.execute
  let before = 0
  vi.spyOn(microvms, 'execute').mockImplementation((...rest) => {
    before = ofTheRequest().length
    return Reflect.apply(execute, microvms, rest)
  })
  asked.length = 0
  const input = { session_id: body.session_id, command: 'echo', language: 'bash' }
  expect((await me.post('/execute', input)).status).toBe(200)
  expect(before).toBe(1)
  const usage = await me.get(`/v1/sessions/usage/${body.session_id}`)
  expect(usage.body).toMatchObject({ executions: 1 })
})
