import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { expectRefusal } from '../testing/refusal.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeAll(async () => {
  api = await createApi()
  me = await api.client()
})
afterAll(() => api.close())

async function running() {
  const { public_id } = await api.runningInstance(me.caller)
  return `/api/instances/${public_id}/`
}

describe('hibernation over HTTP', () => {
  it('tells what it costs, what is kept, and how sure its end is', async () => {
    const path = await running()
    const { status, body } = await me.post(`${path}hibernate/`)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'HIBERNATING',
      previous_status: 'ACTIVE',
      retain_ip: false,
      retain_capacity: false,
      resume_class: 'best_effort',
      memory: true,
    })
    await api.settle()
    const { instance } = (await me.get(path)).body
    expect(instance).toMatchObject({ status: 'HIBERNATED', hibernation: { memory: true } })
    expect(instance.hibernation.hourly_rate).toBe(body.hibernation_rate)
    expect(body.hibernation_rate).toBeLessThanOrEqual(instance.hourly_rate * 0.05)
    const again = (await me.post(`${path}restore/`)).body
    expect(again).toMatchObject({ status: 'RESTORING', memory: true, resume_class: 'best_effort' })
    await api.settle()
    expect((await me.get(path)).body.instance).toMatchObject({
      status: 'ACTIVE',
      hibernation: null,
    })
  })

  it('needs no body, as curl sends none', async () => {
    const reply = await api.app.request(`${await running()}hibernate/`, {
      method: 'POST',
      headers: { Authorization: `Api-Key ${me.key}` },
      body: new Uint8Array(0),
    })
    expect(reply.status).toBe(200)
    await api.settle()
  })

  it('is guaranteed to end where the capacity is retained', async () => {
    const path = await running()
    const { body } = await me.post(`${path}hibernate/`, { retain_capacity: true, retain_ip: true })
    const { instance } = (await me.get(path)).body
    expect(body).toMatchObject({ resume_class: 'guaranteed', retain_ip: true })
    expect(body.hibernation_rate).toBe(instance.hourly_rate)
    await api.settle()
  })

  it('counts what is hibernated', async () => {
    const client = await api.client('Sleeper')
    for (let n = 0; n < 3; n++) {
      const { public_id } = await api.runningInstance(client.caller)
      await client.post(`/api/instances/${public_id}/hibernate/`)
      await api.settle()
    }
    const { body } = await client.get('/api/instances/hibernated/?limit=2')
    expect(body).toMatchObject({ hibernated_count: 3, billing_metrics: { currency: 'USD' } })
    expect(body.recent_hibernations).toHaveLength(2)
    expect(body.billing_metrics.hourly_rate).toBeGreaterThan(0)
  })

  it.each([['0'], ['51'], ['many']])('refuses a limit of %s', async (limit) => {
    const reply = await me.get(`/api/instances/hibernated/?limit=${limit}`)
    expectRefusal(reply, 400, 'VALIDATION_ERROR')
  })

  it.each([
    ['hibernate', { retain_ip: 'yes' }],
    ['hibernate', { retain_capacity: 1 }],
    ['restore', { cold_boot: 'no' }],
  ])('refuses a bad body of %s', async (action, body) => {
    const reply = await me.post(`${await running()}${action}/`, body)
    expectRefusal(reply, 400, 'VALIDATION_ERROR')
  })

  it('is refused of one that does not run, and its end of one that is not hibernated', async () => {
    const path = await running()
    const restore = await me.post(`${path}restore/`)
    expectRefusal(restore, 400, 'INVALID_INSTANCE_STATE', /must be HIBERNATED.*is ACTIVE/)
    await me.post(`${path}stop/`)
    await api.settle()
    const hibernate = await me.post(`${path}hibernate/`)
    expectRefusal(hibernate, 400, 'INVALID_INSTANCE_STATE', /must be ACTIVE.*is SHUTOFF/)
  })
})
