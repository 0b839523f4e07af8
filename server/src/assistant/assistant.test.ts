import { sql } from 'kysely'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { breaksAfter, finish, refuses, says, sends, usage, word } from './testing.ts'
import { type Client, createSite, path, question } from './testing-site.ts'

const site = await createSite()
const { api, clock, expectFree, first, historyOf, second } = site
let client: Client
beforeEach(async () => {
  client = await site.begin()
})
afterAll(() => site.close())

describe('a call of a model', () => {
  it('answers with what was said, what it cost and what is left', async () => {
    first.will(says('Good day', [1000, 250]))
    const { status, body, headers } = await client.post(path, question)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      object: 'chat.completion',
      model: 'm',
      choices: [{ message: { role: 'assistant', content: 'Good day' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1000, completion_tokens: 250, total_tokens: 1250 },
      ...{ cost: 0.0015, currency: 'USD', balance_after: 9.9985 },
    })
    expect(body.id).toMatch(/^AIT_[0-9A-Za-z]{10}$/)
    expect(headers.get('garrison-simulated')).toBeNull()
    expect(first.requests.at(-1)?.body).toMatchObject({ model: 'their-m', max_tokens: 1024 })
    expect(await historyOf(client)).toMatchObject([
      { transaction_id: body.id, status: 'completed', total_tokens: 1250, cost: 0.0015 },
    ])
  })

  it('is a movement of the balance, and a line for the auditor, without what was said', async () => {
    first.will(says('The code is 7341'))
    await client.post(path, { ...question, stop: ['never'] })
    const { entries } = (await client.get('/api/credits/history/?kind=usage')).body
    expect(entries).toMatchObject([{ kind: 'usage', amount: -0.00002 }])
    const audit = await api.db.selectFrom('audit_log').selectAll().orderBy('id', 'desc').execute()
    expect(audit[0]).toMatchObject({
      action: 'ai-chat.create',
      account_id: client.caller.accountId,
      detail: { model: 'm', prompt_tokens: 10, completion_tokens: 5 },
    })
    const tables = ['ai_transactions', 'audit_log', 'events', 'ledger_transactions'] as const
    for (const table of tables) {
      const rows = await api.db.selectFrom(table).selectAll().execute()
      expect(JSON.stringify(rows)).not.toMatch(/7341|never/)
    }
  })

  it('ends where it was asked to, and says so', async () => {
    first.will(says('One two', [10, 2], 'length'))
    const { body } = await client.post(path, { ...question, max_tokens: 2 })
    expect(body.choices[0].finish_reason).toBe('length')
  })

  it.each([
    [
      'of a model that is not there',
      { model: 'x' },
      'model',
      /There is no such model; there are m, free/,
    ],
    ['without messages', { messages: [] }, 'messages', /./],
    [
      'with a role that is none',
      { messages: [{ role: 'tool', content: 'x' }] },
      'messages.0.role',
      /./,
    ],
    ['that is too warm', { temperature: 2.1 }, 'temperature', /./],
    ['for too long an answer', { max_tokens: 8193 }, 'max_tokens', /./],
    ['with tools of its own', { tools: [] }, 'tools', /./],
  ])('is refused %s', async (_what, change, field, words) => {
    const { status, body } = await client.post(path, { ...question, ...change })
    expect(status).toBe(400)
    expect(body.errors[field]?.[0]).toMatch(words)
    expect(await historyOf(client)).toEqual([])
  })

  it('is refused without credits, and with too few for what it may cost', async () => {
    const poor = await site.clientWith(0)
    const { status, body } = await poor.post(path, question)
    expect([status, body.error_code]).toEqual([403, 'INSUFFICIENT_CREDITS'])
    const short = await site.clientWith(0.002)
    expect((await short.post(path, { ...question, max_tokens: 8000 })).status).toBe(403)
    first.will(says('Yes'))
    // A token is no less than a byte, so this is paid for whatever the tokenizer makes of it.
    const enough = await site.clientWith(0.005)
    expect((await enough.post(path, { ...question, max_tokens: 100 })).status).toBe(200)
  })

  it('needs no credits where the model is free', async () => {
    const poor = await site.clientWith(0)
    first.will(says('Yes'))
    const { status, body } = await poor.post(path, { ...question, model: 'free' })
    expect([status, body.cost, body.balance_after]).toEqual([200, 0, 0])
  })

  it('is refused to a key that only reads', async () => {
    const reader = await api.client('Reader', { access: 'read-only' })
    const { status, body } = await reader.post(path, question)
    expect([status, body.error_code]).toEqual([403, 'PERMISSION_DENIED'])
  })

  it.each([
    ['fails', refuses(503)],
    ['does not count', sends(word('A'), finish())],
    ['counts below nothing', sends(word('A'), finish(), usage(-5, 5))],
    ['counts more than there was to count', sends(word('A'), finish(), usage(10, 9000))],
    ['counts a prompt longer than what was sent', sends(word('A'), finish(), usage(8000, 1))],
    ['breaks off', breaksAfter('A')],
  ])('costs nothing where the upstream %s', async (_what, reply) => {
    first.will(reply)
    second.will(refuses(503))
    const { status, body } = await client.post(path, question)
    expect([status, body.error_code]).toEqual([502, 'UPSTREAM_ERROR'])
    await expectFree(client)
  })

  it('tells when to come again where every upstream is busy', async () => {
    for (const one of [first, second]) one.will(refuses(429, {}, { 'Retry-After': '17' }))
    const { status, headers, body } = await client.post(path, question)
    expect([status, body.error_code]).toEqual([429, 'RATE_LIMIT_EXCEEDED'])
    expect(headers.get('retry-after')).toBe('17')
    await expectFree(client)
  })

  it('tells in its words why a model does not take the request', async () => {
    first.will(refuses(400, { error: { message: 'The context has 8192 tokens' } }))
    const { status, body } = await client.post(path, question)
    expect(status).toBe(400)
    expect(body.errors).toEqual({ messages: ['The context has 8192 tokens'] })
    await expectFree(client)
  })

  it('is answered by the next upstream while one is down, which is then asked last for a while', async () => {
    first.will(refuses(500))
    second.will(says('Here'), says('Here'), says('Here'))
    const before = first.requests.length
    for (const _ of [1, 2]) {
      const { body } = await client.post(path, question)
      expect(body.choices[0].message.content).toBe('Here')
    }
    expect(first.requests.length).toBe(before + 1)
    clock.pass(31_000)
    first.will(says('There'))
    expect((await client.post(path, question)).body.choices[0].message.content).toBe('There')
  })
})

describe('models', () => {
  it('are shown with their prices, and those that are simulated as such', async () => {
    const { body } = await client.get('/api/ai/models/')
    expect(body.models).toMatchObject([
      {
        ...{ id: 'm', provider: 'upstream-0', context_length: 8192, is_active: true },
        prices: { input_per_million: { USD: 1, INR: 85 }, output_per_million: { EUR: 2 } },
      },
      { id: 'free', prices: { input_per_million: { USD: 0, EUR: 0, INR: 0 } } },
    ])
    expect(body.models[0]).not.toHaveProperty('simulated')
  })
})

describe('usage', () => {
  it('is told by model and period, of nobody else', async () => {
    first.will(says('A', [100, 50]), says('B', [10, 5]))
    await client.post(path, question)
    const between = new Date(clock.now().getTime() + 1000).toISOString()
    clock.pass(2000)
    await client.post(path, { ...question, model: 'free' })
    const other = await site.clientWith(1)
    first.will(says('C'))
    await other.post(path, question)

    const summary = async (query = '') => (await client.get(`/api/ai/usage/summary/${query}`)).body
    expect(await summary()).toMatchObject({
      period: { start_date: null, end_date: null },
      ...{ total_requests: 2, total_tokens: 165, prompt_tokens: 110, completion_tokens: 55 },
      total_cost: 0.0002,
      by_model: [
        { model: 'm', requests: 1, tokens: 150, cost: 0.0002 },
        { model: 'free', requests: 1, tokens: 15, cost: 0 },
      ],
    })
    expect(await summary(`?end_date=${between}`)).toMatchObject({
      total_requests: 1,
      total_cost: 0.0002,
    })
    expect(await summary(`?start_date=${between}`)).toMatchObject({
      total_requests: 1,
      total_cost: 0,
    })
    const page = (await client.get('/api/ai/usage/history/?limit=1&page=2&model=')).body
    expect(page).toMatchObject({ total: 2, total_pages: 2, transactions: [{ model: 'm' }] })
    const ofModel = (await client.get('/api/ai/usage/history/?model=free')).body
    expect(ofModel).toMatchObject({ total: 1, transactions: [{ model: 'free' }] })
    expect((await client.get('/api/ai/usage/summary/?start_date=soon')).status).toBe(400)
  })

  it('and the ledger agree to the micro-unit', async () => {
    const { rows } = await sql<{ cost: number; charged: number; booked: number }>`
      select cost_micros as cost, charged_micros as charged, coalesce(-sum(amount_micros), 0)::bigint as booked
      from ai_transactions call
        left join ledger_transactions posted on posted.reference = 'ai:' || call.public_id
        left join (ledger_entries entry join ledger_accounts theirs on theirs.id = entry.ledger_account_id
          and theirs.kind = 'credits') on entry.transaction_id = posted.id
          and theirs.account_id = call.account_id
      group by call.id`.execute(api.db)
    expect(rows.length).toBeGreaterThan(10)
    for (const { cost, charged, booked } of rows) expect([charged, booked]).toEqual([cost, cost])
    const sum = (of: (row: (typeof rows)[number]) => number) =>
      rows.reduce((total, row) => total + of(row), 0)
    const house = await sql<{ micros: number }>`
      select sum(amount_micros)::bigint as micros from ledger_entries entry
        join ledger_accounts account on account.id = entry.ledger_account_id
      where account.kind = 'usage'`.execute(api.db)
    expect(house.rows[0]?.micros).toBe(sum((row) => row.charged))
  })
})
