/** The models of the configuration, and who answers for each. */
import type { AIModel } from '@garrison/contract/assistant/routes'
import type { AssistantConfig, ConfiguredModel, ConfiguredUpstream } from '../config/assistant.ts'
import { DomainError, ValidationError } from '../errors.ts'
import { fromDecimal } from '../money.ts'
import type { TokenPrices } from './cost.ts'
import type { Upstream } from './upstream.ts'

export type Model = {
  readonly id: string
  readonly name: string
  readonly provider: string
  readonly contextLength: number
  /** Null: free. */
  readonly prices: TokenPrices | null
  readonly isActive: boolean
  readonly simulated: boolean
  /** In the order in which they are asked. */
  readonly upstreams: readonly { readonly upstream: Upstream; readonly model: string }[]
}

export function createModels(
  config: AssistantConfig,
  makeUpstream: (configured: ConfiguredUpstream) => Upstream,
) {
  const models = new Map<string, Model>()
  for (const configured of config.upstreams) {
    const upstream = makeUpstream(configured)
    for (const each of configured.models) {
      const known = models.get(each.id)
      const made = known ?? modelOf(each, configured)
      const way = { upstream, model: each.upstream_model ?? each.id }
      models.set(each.id, {
        ...made,
        isActive: made.isActive || each.is_active,
        simulated: made.simulated && upstream.simulated,
        upstreams: each.is_active ? [...made.upstreams, way] : made.upstreams,
      })
    }
  }

  return {
    all: (): readonly Model[] => [...models.values()],

    /** Errors name the models that there are. */
    require(id: string): Model {
      const model = models.get(id)
      if (model?.isActive) return model
      if (models.size === 0) {
        throw new DomainError(
          'SERVICE_UNAVAILABLE',
          'There is no model here: the operator has to set assistant.upstreams in garrison.yaml',
        )
      }
      const active = [...models.values()].filter((each) => each.isActive).map((each) => each.id)
      const there = active.length === 0 ? 'none is active' : `there are ${active.join(', ')}`
      throw new ValidationError({
        model: [
          model === undefined ? `There is no such model; ${there}.` : `Not active; ${there}.`,
        ],
      })
    },
  }
}

function modelOf(model: ConfiguredModel, { id, provider }: ConfiguredUpstream): Model {
  const { prices } = model
  const micros = (price: Record<'USD' | 'EUR' | 'INR', number>) => ({
    USD: fromDecimal(price.USD),
    EUR: fromDecimal(price.EUR),
    INR: fromDecimal(price.INR),
  })
  return {
    id: model.id,
    name: model.name ?? model.id,
    provider: provider ?? id,
    contextLength: model.context_length,
    prices:
      prices === undefined
        ? null
        : { input: micros(prices.input_per_million), output: micros(prices.output_per_million) },
    isActive: false,
    simulated: true,
    upstreams: [],
  }
}

const decimals = (micros: Readonly<Record<'USD' | 'EUR' | 'INR', number>> | undefined) => ({
  USD: (micros?.USD ?? 0) / 1e6,
  EUR: (micros?.EUR ?? 0) / 1e6,
  INR: (micros?.INR ?? 0) / 1e6,
})

export const modelAnswer = (model: Model): AIModel => ({
  id: model.id,
  name: model.name,
  provider: model.provider,
  context_length: model.contextLength,
  prices: {
    input_per_million: decimals(model.prices?.input),
    output_per_million: decimals(model.prices?.output),
  },
  is_active: model.isActive,
  ...(model.simulated && { simulated: true as const }),
})
