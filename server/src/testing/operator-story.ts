/** Everything that an operator can do, once; told to the test of the contract. */
import type { operatorApi } from '@garrison/contract/operator/routes'

import type { Api } from './api.ts'

type OperatorRoute = keyof typeof operatorApi
type Input = { params?: Record<string, string>; query?: string; body?: unknown }
// Tests look into answers as they please.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Answer = any

type Ask = (name: OperatorRoute, input?: Input) => Promise<Answer>

export async function operatorStory(ask: Ask, api: Api) {
  const { hosts } = await ask('listHosts', { query: '?region=LOCAL-1' })
  const params = { region: hosts[0].region, host: hosts[0].name }
  await ask('drainHost', { params, body: { reason: 'A fan is loud' } })
  await ask('getHost', { params, query: '?page_size=5' })
  await ask('undrainHost', { params })
  const { accounts } = await ask('listAccounts', { query: '?suspended=false' })
  const other = accounts.find(({ name }: { name: string }) => name !== 'Operator')
  const account = { account_id: other.id }
  await ask('grantCredits', { params: account, body: { amount: 25, reference: 'welcome' } })
  const limits = { max_instances: 100, max_gpus: null }
  await ask('changeAccount', { params: account, body: { limits } })
  const suspension = { suspended: true, reason: 'An unpaid bill' }
  await ask('changeAccount', { params: account, body: suspension })
  await ask('getOperatorAccount', { params: account })
  await ask('changeAccount', { params: account, body: { suspended: false } })
  await operationStory(ask, api)
  await ask('changePrice', {
    body: { kind: 'snapshot', prices: { USD: 0, EUR: 0.1, INR: 10 }, reason: 'A gift' },
  })
  const { price } = await ask('changePrice', {
    body: {
      ...{ kind: 'gpu_model', item: 'A40', prices: { USD: 2, EUR: 2, INR: 200 } },
      effective_from: '2046-01-01T00:00:00Z',
    },
  })
  await ask('listPrices', { query: '?state=future' })
  await ask('withdrawPrice', { params: { price_id: price.id } })
}

async function operationStory(ask: Ask, api: Api) {
  await api.stopRunners()
  const caller = await api.account('Cancelled')
  const { accountId, currency } = caller
  const credits = { accountId, currency, micros: 1e9, description: 'Enough' }
  await api.change((tx) => api.services.billing.grant(tx, credits))
  const { public_id } = await api.deploy(caller)
  const query = `?state=open&subject=${public_id}`
  const { operations } = await ask('listAllOperations', { query })
  const operation = { operation_id: operations[0].id as string }
  await ask('cancelOperation', { params: operation, body: { reason: 'Repairs' } })
  await api.settle()
  await ask('getAnyOperation', { params: operation })
  // As if it had failed, which ends in the same way.
  await api.db
    .updateTable('operations')
    .set({ state: 'failed' })
    .where('id', '=', operation.operation_id)
    .execute()
  await ask('retryOperation', { params: operation })
  await api.settle()
}
