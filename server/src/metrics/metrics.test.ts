import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { expectRefusal } from '../testing/refusal.ts'
import type { WorldOptions } from '../testing/world.ts'
import { sample, startSampling } from './sampler.ts'

const minute = 60_000
let now: number
let api: Api
let me: Awaited<ReturnType<Api['client']>>
let id: string
let uuid: string

async function begin(options: WorldOptions = {}) {
  now = Date.parse('2026-01-10T09:00:00Z')
  api = await createApi({ clock: { now: () => new Date(now), sleep: async () => {} }, ...options })
  me = await api.client()
  const instance = await api.runningInstance(me.caller)
  id = instance.public_id
  uuid = instance.id
}
beforeEach(() => begin())
afterEach(() => api.close())

const read = (query = '') => me.get(`/api/instances/${id}/metrics/${query}`)
const rows = () => api.db.selectFrom('instance_samples').selectAll().orderBy('at').execute()

async function measure(minutes: number) {
  for (let passed = 0; passed < minutes; passed++) {
    await sample(api)
    now += minute
  }
}

it('shows the last hour, minute by minute', async () => {
  await measure(4)
  const { body } = await read()
  expect(body).toMatchObject({ instance_id: id, step_seconds: 60 })
  expect(body.points).toHaveLength(60)
  const cpu = body.points.map((point: { cpu_percent: number | null }) => point.cpu_percent)
  expect(cpu.slice(0, 56).every((value: unknown) => value === null)).toBe(true)
  // At nine in the morning a simulated machine is about half busy.
  for (const value of cpu.slice(56, 59)) expect(value).toBeCloseTo(44, 0)
})

it('measures machines that run, and stops with them', async () => {
  await measure(2)
  await me.post(`/api/instances/${id}/stop/`)
  await api.settle()
  await measure(2)
  expect(await rows()).toHaveLength(2)
})

it('leaves a gap where a machine has died', async () => {
  await api.engine.kill(uuid)
  await measure(1)
  expect(await rows()).toEqual([])
})

it('measures the others when something is wrong with one', async () => {
  const other = await api.runningInstance(me.caller)
  const metrics = api.engine.metrics.bind(api.engine)
  vi.spyOn(api.engine, 'metrics').mockImplementation((machine) =>
    machine === uuid ? Promise.reject(new Error('a bug')) : metrics(machine),
  )
  await measure(1)
  expect((await rows()).map(({ instance_id }) => instance_id)).toEqual([other.id])
})

it('keeps a day and no more, however long it lives', async () => {
  await sample(api)
  now += 23 * 60 * minute
  await sample(api)
  expect(await rows()).toHaveLength(2)
  now += 60 * minute
  await sample(api)
  const kept = await rows()
  expect(kept.map(({ at }) => (now - at.getTime()) / minute)).toEqual([60, 0])
  now += 25 * 60 * minute
  await me.delete(`/api/instances/${id}/`)
  await api.settle()
  await sample(api)
  expect(await rows()).toEqual([])
})

it('is measured at once when the server starts', async () => {
  await startSampling(api).close()
  expect(await rows()).toHaveLength(1)
})

it('puts steps where they are comparable, whenever it is asked', async () => {
  now += 7_000
  const { body } = await read('?step=300&from=2026-01-10T08:42:10Z')
  expect(body.from).toBe('2026-01-10T08:40:00.000Z')
  expect(body.points).toHaveLength(5)
})

it('takes times with an offset', async () => {
  const query = `?from=${encodeURIComponent('2026-01-10T09:30:00+01:00')}&to=2026-01-10T08:31:00Z`
  expect((await read(query)).body).toMatchObject({ from: '2026-01-10T08:30:00.000Z' })
})

describe('is refused', () => {
  it.each([
    ['from=yesterday', 'from'],
    ['to=2026-13-01T00:00:00Z', 'to'],
    ['from=2026-01-10T10:00:00Z&to=2026-01-10T09:00:00Z', 'from'],
    ['from=2026-01-10T09:00:00Z&to=2026-01-10T09:00:00Z', 'from'],
    ['from=2026-01-01T09:00:00Z', 'step'],
    ['from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z&step=86400', 'step'],
    ['step=59', 'step'],
    ['step=86401', 'step'],
    ['step=1e3', 'step'],
  ])('for %s', async (query, field) => {
    const fields = expectRefusal(await read(`?${query}`), 400, 'VALIDATION_ERROR')
    expect(Object.keys(fields)).toEqual([field])
  })

  it('to a stranger', async () => {
    const stranger = await api.client('Stranger')
    const reply = await stranger.get(`/api/instances/${id}/metrics/`)
    expectRefusal(reply, 404, 'NOT_FOUND')
  })

  it('where nothing is measured', async () => {
    await api.close()
    await begin({ capabilities: { metrics: false } })
    expectRefusal(await read(), 400, 'TIER_NOT_SUPPORTED', /LOCAL-1/)
    await sample(api)
    expect(await rows()).toEqual([])
  })
})

it('takes a whole day in steps of a minute', async () => {
  const { status, body } = await read('?from=2026-01-09T09:00:00Z')
  expect(status).toBe(200)
  expect(body.points).toHaveLength(1_440)
})
