import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { createParser } from 'eventsource-parser'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listen } from '../http/listen.ts'
import { breaksAfter, holds, refuses, says } from './testing.ts'
import { type Client, createSite, path, question } from './testing-site.ts'

const site = await createSite()
const { api, balanceOf, clock, expectFree, first, historyOf, second } = site
let client: Client
beforeEach(async () => {
  client = await site.begin()
})
afterAll(() => site.close())

describe('calls side by side', () => {
  it('are no more than an account may have', async () => {
    const held = [1, 2, 3, 4].map(() => holds('A'))
    first.will(...held.map((each) => each.reply))
    const asked = held.map(() => client.post(path, question))
    await Promise.all(held.map((each) => each.arrived))
    const { status, headers, body } = await client.post(path, question)
    expect([status, headers.get('retry-after')]).toEqual([429, '1'])
    expect(body.message).toMatch(/4 calls of models under way/)
    for (const each of held) each.release()
    expect((await Promise.all(asked)).map((reply) => reply.status)).toEqual([200, 200, 200, 200])
  })

  it('never spend more than there was, whatever they come to', async () => {
    // Enough for one call at its dearest, and not for two.
    const poor = await site.clientWith(0.03)
    const dear = { ...question, max_tokens: 8000 }
    const held = holds('A', ' B', [1100, 8000])
    first.will(held.reply)
    const one = poor.post(path, dear)
    await held.arrived
    const other = await poor.post(path, dear)
    expect([other.status, other.body.error_code]).toEqual([403, 'INSUFFICIENT_CREDITS'])
    held.release()
    expect((await one).body.cost).toBe(0.0171)
    expect(await balanceOf(poor)).toBe(12_900)
  })

  it('give back what they held once they have died with their process', async () => {
    const { accountId } = client.caller
    const request = { ...question, temperature: 1, max_tokens: 10, stream: false } as never
    for (const _ of [1, 2, 3, 4])
      await api.change((tx) => api.services.assistant.begin(tx, client.caller, request))
    expect((await client.post(path, question)).status).toBe(429)
    clock.pass(361_000)
    first.will(says('Again'))
    expect((await client.post(path, question)).status).toBe(200)
    await api.services.assistant.endAbandoned()
    const rows = await api.db
      .selectFrom('ai_transactions')
      .select('status')
      .where('account_id', '=', accountId)
      .execute()
    expect(rows.map((row) => row.status).sort()).toEqual(['completed', ...Array(4).fill('failed')])
  })
})

describe('a stream', () => {
  const streaming = { ...question, stream: true }
  const eventsOf = (text: string) => {
    const events: string[] = []
    createParser({ onEvent: ({ data }) => events.push(data) }).feed(text)
    return events.map((data) => (data === '[DONE]' ? data : JSON.parse(data)))
  }

  it('comes word by word, then tells what it cost', async () => {
    first.will(says('Good day', [1000, 250]))
    const { status, headers, body } = await client.post(path, streaming)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
    const events = eventsOf(body)
    expect(events.slice(0, -2).map((each) => each.choices[0])).toEqual([
      { index: 0, delta: { role: 'assistant', content: 'Good ' }, finish_reason: null },
      { index: 0, delta: { content: 'day' }, finish_reason: null },
      { index: 0, delta: {}, finish_reason: 'stop' },
    ])
    expect(events.at(-2)).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [],
      usage: { prompt_tokens: 1000, completion_tokens: 250, total_tokens: 1250 },
      ...{ cost: 0.0015, currency: 'USD', balance_after: 9.9985 },
    })
    expect(events.at(-1)).toBe('[DONE]')
    expect(await historyOf(client)).toMatchObject([{ transaction_id: events[0].id, cost: 0.0015 }])
  })

  it('that breaks ends with an error, and costs nothing', async () => {
    first.will(breaksAfter('Good '))
    const { status, body } = await client.post(path, streaming)
    expect(status).toBe(200)
    const events = eventsOf(body)
    expect(events[0].choices[0].delta.content).toBe('Good ')
    expect(events.at(-1)).toMatchObject({
      success: false,
      error_code: 'UPSTREAM_ERROR',
      error: { code: 'UPSTREAM_ERROR' },
    })
    expect(events).toHaveLength(2)
    await expectFree(client)
  })

  it('that does not begin is refused as any other call', async () => {
    first.will(refuses(500))
    second.will(refuses(500))
    expect((await client.post(path, streaming)).status).toBe(502)
    await expectFree(client)
    expect((await (await site.clientWith(0)).post(path, streaming)).status).toBe(403)
  })

  it('takes no Idempotency-Key', async () => {
    const { status, body } = await client.post(path, streaming, { 'Idempotency-Key': 'a' })
    expect(status).toBe(400)
    expect(body.errors['idempotency-key'][0]).toMatch(/takes no Idempotency-Key/)
  })
})

describe('an Idempotency-Key', () => {
  const once = { 'Idempotency-Key': 'once' }

  it('has the answer given again, and paid once', async () => {
    first.will(says('Good day'))
    const one = await client.post(path, question, once)
    const again = await client.post(path, question, once)
    expect(again.body).toEqual(one.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await historyOf(client)).toHaveLength(1)
    expect((await client.post(path, { ...question, model: 'free' }, once)).status).toBe(422)
  })

  it('of a call that still runs says so', async () => {
    const held = holds('A')
    first.will(held.reply)
    const one = client.post(path, question, once)
    await held.arrived
    expect((await client.post(path, question, once)).status).toBe(409)
    clock.pass(61_000)
    expect((await client.post(path, question, once)).status).toBe(409)
    held.release()
    expect((await one).status).toBe(200)
  })

  it('of a call that failed has it made again', async () => {
    first.will(refuses(500), says('Now'))
    second.will(refuses(500))
    expect((await client.post(path, question, once)).status).toBe(502)
    const { status, body } = await client.post(path, question, once)
    expect([status, body.choices[0].message.content]).toEqual([200, 'Now'])
    expect((await client.post(path, question, once)).body).toEqual(body)
    expect(await historyOf(client)).toMatchObject([
      { transaction_id: body.id, status: 'completed' },
    ])
  })

  it('of a call whose answer was lost after it was paid is not paid again', async () => {
    first.will(says('Lost'))
    await client.post(path, question, once)
    await api.db
      .updateTable('idempotency_keys')
      .set({ awaited_until: clock.now() })
      .where('account_id', '=', client.caller.accountId)
      .execute()
    const { status, body } = await client.post(path, question, once)
    expect([status, body.message]).toEqual([422, expect.stringMatching(/its answer is lost/)])
  })
})

describe('whoever hangs up', () => {
  let served: Awaited<ReturnType<typeof listen>>
  beforeEach(async () => {
    served = await listen(api.app, { host: '127.0.0.1', port: await freePort() })
  })
  afterEach(() => served.close())

  /** Sends the question over a real connection, which the test closes. */
  function ask(body: object) {
    const controller = new AbortController()
    const response = fetch(served.url + path, {
      method: 'POST',
      headers: { Authorization: `Api-Key ${client.key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: controller.signal,
    })
    response.catch(() => {})
    return { response, hangUp: () => controller.abort() }
  }

  it.each([true, false])('pays for what the upstream counts (stream: %s)', async (stream) => {
    const held = holds('A', ' and so on', [500, 250])
    first.will(held.reply)
    const { response, hangUp } = ask({ ...question, stream })
    await held.arrived
    if (stream) await (await response).body?.getReader().read()
    hangUp()
    held.release()
    await expect.poll(() => historyOf(client)).toMatchObject([{ status: 'completed', cost: 0.001 }])
    expect(await balanceOf(client)).toBe(9_999_000)
  })

  it('before anything was said pays nothing, and the upstream is let go', async () => {
    const held = holds('')
    first.will(held.reply)
    const { hangUp } = ask(question)
    const { left } = await held.arrived
    const closed = new Promise((resolve) => left.addEventListener('abort', resolve))
    hangUp()
    await closed
    await expect.poll(() => historyOf(client)).toMatchObject([{ status: 'failed' }])
    await expectFree(client)
    held.release()
  })
})

async function freePort() {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}
