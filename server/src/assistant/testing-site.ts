/** A prepaid installation with two upstreams that a test speaks for, and accounts with credits. */
import { expect } from 'vitest'
import { fromDecimal } from '../money.ts'
import { type Api, createApi } from '../testing/api.ts'
import { settableClock } from '../testing/settable-clock.ts'
import { configured, createStandIn } from './testing.ts'

export const path = '/api/ai/chat/completions/'
export const question = {
  model: 'm',
  messages: [{ role: 'user', content: 'the launch code is 7341' }],
}

export type Client = Awaited<ReturnType<Api['client']>>

export async function createSite() {
  const [first, second] = await Promise.all([createStandIn(), createStandIn()])
  const clock = settableClock('2026-01-10T09:00:00Z')
  const api = await createApi({
    clock,
    config: {
      assistant: configured([first.url, second.url]),
      billing: { mode: 'prepaid', currency: 'USD' },
    },
  })

  const balanceOf = async ({ caller }: Client) =>
    (await api.services.billing.balances(api.db, caller)).USD
  const historyOf = async (client: Client) =>
    (await client.get('/api/ai/usage/history/')).body.transactions

  return {
    ...{ first, second, clock, api, balanceOf, historyOf },

    /** For the next test: an account with 10 in credits, and upstreams that nothing is known of. */
    async begin() {
      // An upstream that was down in one test is asked first again in the next.
      clock.pass(60_000)
      for (const one of [first, second]) one.forget()
      return this.clientWith(10)
    },

    async clientWith(credits: number): Promise<Client> {
      const made = await api.client()
      const { accountId } = made.caller
      const micros = fromDecimal(credits)
      const grant = { accountId, currency: 'USD' as const, micros, description: 'Test' }
      if (micros > 0) await api.change((tx) => api.services.billing.grant(tx, grant))
      return made
    },

    /** Nothing was taken, and the call is on record as failed. */
    async expectFree(client: Client) {
      expect(await balanceOf(client)).toBe(10_000_000)
      expect(await historyOf(client)).toMatchObject([
        { status: 'failed', cost: 0, total_tokens: 0 },
      ])
    },

    async close() {
      await api.close()
      await Promise.all([first.close(), second.close()])
    },
  }
}
