/** A shop with its payment provider, for tests of buying credits. */
import type { Caller } from '../caller.ts'
import { loadConfig } from '../config.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import { createApi } from '../testing/api.ts'
import type { World, WorldOptions } from '../testing/world.ts'
import { startStandIn } from './razorpay.testing.ts'
import { insertOrder } from './store.ts'

export const webhookPath = '/api/credits/webhooks/razorpay/'

export type Shop = Awaited<ReturnType<typeof openShop>>

export async function openShop(options: WorldOptions & { mode?: 'off' | 'prepaid' } = {}) {
  const { mode = 'prepaid', ...rest } = options
  const razorpay = await startStandIn()
  const { payments } = loadConfig({ env: {}, dataDir: '/nowhere' })
  const api = await createApi({
    ...rest,
    config: {
      billing: { mode, currency: 'USD' },
      payments: { ...payments, razorpay: razorpay.config },
      ...rest.config,
    },
  })

  return {
    ...api,
    razorpay,

    /** Somebody with a complete profile who may buy. */
    async buyer(profile: { country?: string; currency?: 'USD' | 'EUR' | 'INR' } = {}) {
      const { country = 'US', currency = 'USD' } = profile
      const client = await api.client('Ada')
      await api.db
        .updateTable('accounts')
        .set({ country, currency, email: `${client.caller.accountPublicId}@example.org` })
        .where('id', '=', client.caller.accountId)
        .execute()
      const balance = async () => (await client.get('/api/balance/')).body.balances[currency]
      const order = async (body: object = { package: 'Starter' }) => {
        const reply = await client.post('/api/credits/orders/', body)
        if (reply.status !== 200) throw new Error(JSON.stringify(reply.body))
        return reply.body.order as { id: string; provider_order_id: string; total: number }
      }
      return {
        ...client,
        balance,
        order,
        async paid(body?: object) {
          const made = await order(body)
          const payment = razorpay.pay(made.provider_order_id)
          const verified = await client.post('/api/credits/verify/', razorpay.checkout(payment))
          if (verified.status !== 200) throw new Error(JSON.stringify(verified.body))
          return { order: made, payment }
        },
        orderNow: async (id: string) => (await client.get(`/api/credits/orders/${id}/`)).body.order,
      }
    },

    /** The provider tells something. */
    tell: (...args: Parameters<typeof razorpay.hook>) =>
      api.send('POST', webhookPath, razorpay.hook(...args)),

    eventsOf: async (publicId: string) =>
      (
        await api.db
          .selectFrom('events')
          .select('kind')
          .where('subject_id', '=', publicId)
          .orderBy('id')
          .execute()
      ).map(({ kind }) => kind),

    /** Sums of the ledger in one currency, by kind of account. */
    async ledger(currency: 'USD' | 'EUR' | 'INR') {
      const rows = await api.db
        .selectFrom('ledger_entries as entry')
        .innerJoin('ledger_accounts as account', 'account.id', 'entry.ledger_account_id')
        .where('account.currency', '=', currency)
        .groupBy('account.kind')
        .select([
          'account.kind',
          (select) => select.fn.sum<number>('entry.amount_micros').as('sum'),
        ])
        .execute()
      return Object.fromEntries(rows.map(({ kind, sum }) => [kind, Number(sum)]))
    },

    async close() {
      await api.close()
      await razorpay.close()
    },
  }
}

/** One that waits to be paid, where there is no provider. */
export function unpaidOrder({ change, clock }: Pick<World, 'change' | 'clock'>, caller: Caller) {
  const now = clock.now()
  const party = { name: 'Ada', address: [], country: null, email: null, tax_id: null }
  return change(async (tx) => {
    const public_id = await issuePublicId(tx, 'O')
    return insertOrder(tx, {
      id: newUuid(),
      public_id,
      account_id: caller.accountId,
      state: 'open',
      provider: 'razorpay',
      provider_order_id: `order_${public_id}`,
      package: null,
      currency: caller.currency,
      base_micros: 25_000_000,
      tax_micros: 0,
      tax_rule: null,
      buyer: JSON.stringify(party),
      seller: JSON.stringify(party),
      payment_id: null,
      receipt_number: null,
      problem: null,
      created_at: now,
      updated_at: now,
      expires_at: new Date(now.getTime() + 1_800_000),
      paid_at: null,
      ask_at: null,
    })
  })
}
