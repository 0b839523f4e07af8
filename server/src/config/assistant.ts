/** Which servers answer for the assistant, their models and what these cost. */
import { z } from 'zod'

const name = z.string().min(1).max(100)

const prices = z.strictObject({
  USD: z.number().min(0).max(1_000_000),
  EUR: z.number().min(0).max(1_000_000),
  INR: z.number().min(0).max(1_000_000),
})

const model = z.strictObject({
  /** What callers name it. Several upstreams may have it; the next one serves while one is down. */
  id: name,
  /** What the upstream calls it, where that is something else. */
  upstream_model: name.optional(),
  name: name.optional(),
  /** Tokens of prompt and answer together. */
  context_length: z.int().min(256).max(100_000_000),
  /** Per million tokens. */
  prices: z.strictObject({ input_per_million: prices, output_per_million: prices }).optional(),
  /** Costs nothing. A model has a price, or says that it has none. */
  free: z.boolean().default(false),
  is_active: z.boolean().default(true),
})
export type ConfiguredModel = z.infer<typeof model>

const common = { id: name, provider: name.optional(), models: z.array(model).min(1) }

const openai = 'openai'

const kinds = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal(openai),
    /** Of an OpenAI-compatible interface, as a rule ending in `/v1`. */
    base_url: z.url({ protocol: /^https?$/ }),
    api_key: z.string().min(1).nullable().default(null),
    /** The variable of the environment that holds the key. */
    api_key_env: z.string().min(1).optional(),
  }),
  z.strictObject({ ...common, kind: z.literal('simulated') }),
])
export type ConfiguredUpstream = z.infer<typeof kinds>

const upstream = z.preprocess(
  (value) =>
    typeof value === 'object' && value !== null && !('kind' in value)
      ? { ...value, kind: openai }
      : value,
  kinds,
)

export const assistant = z
  .strictObject({
    upstreams: z.array(upstream).default([]),
    /** Of one account at once. */
    calls_per_account: z.int().min(1).max(1000).default(4),
    /** How often one call may look something up before it must answer. */
    tool_rounds: z.int().min(1).max(20).default(5),
    /** From the question to the first sign of an answer. */
    first_byte_seconds: z.number().positive().max(600).default(60),
    /** Between two pieces of an answer. */
    idle_seconds: z.number().positive().max(600).default(60),
    /** Of the whole call, all rounds; also where the caller has hung up. */
    call_seconds: z.number().positive().max(3600).default(300),
  })
  .prefault({})
export type AssistantConfig = z.infer<typeof assistant>

type Env = Readonly<Record<string, string | undefined>>

/** Takes keys from the environment where the file says so. */
export function withKeys(config: AssistantConfig, env: Env): AssistantConfig {
  const upstreams = config.upstreams.map((each) =>
    each.kind === 'openai' && each.api_key_env !== undefined
      ? { ...each, api_key: env[each.api_key_env] ?? each.api_key }
      : each,
  )
  return { ...config, upstreams }
}

/** What the schema cannot see, in words for the operator. */
export function problemsOf({ upstreams }: AssistantConfig): string[] {
  const wrong: string[] = []
  const first = new Map<string, ConfiguredModel>()
  const ids = new Set<string>()
  for (const [at, upstream] of upstreams.entries()) {
    const where = `assistant.upstreams.${at}`
    if (ids.has(upstream.id)) wrong.push(`assistant.upstreams: "${upstream.id}" is there twice`)
    ids.add(upstream.id)
    if (upstream.kind === 'openai' && upstream.api_key_env && upstream.api_key === null) {
      wrong.push(`${where}.api_key_env: ${upstream.api_key_env} is not set in the environment`)
    }
    const own = new Set<string>()
    for (const [index, each] of upstream.models.entries()) {
      const path = `${where}.models.${index}`
      wrong.push(...problemsOfPrice(each).map((problem) => `${path}: ${problem}`))
      if (own.has(each.id)) wrong.push(`${path}: "${each.id}" is there twice`)
      own.add(each.id)
      const other = first.get(each.id)
      if (other !== undefined && !isSame(other, each)) {
        wrong.push(
          `${path}: "${each.id}" of another upstream has another price or context_length; callers see one model, so they must be the same`,
        )
      }
      first.set(each.id, other ?? each)
    }
  }
  return wrong
}

function problemsOfPrice({ id, prices, free }: ConfiguredModel): string[] {
  if (free) return prices === undefined ? [] : [`"${id}" is free and has prices; leave out one`]
  if (prices === undefined) return [`"${id}" has no prices; set them, or free: true`]
  return (['USD', 'EUR', 'INR'] as const)
    .filter((each) => prices.input_per_million[each] + prices.output_per_million[each] < 0.000001)
    .map((each) => `"${id}" costs nothing in ${each}; set a price, or free: true`)
}

const isSame = (a: ConfiguredModel, b: ConfiguredModel) =>
  a.context_length === b.context_length &&
  JSON.stringify(a.prices) === JSON.stringify(b.prices) &&
  a.free === b.free

const published = (
  id: string,
  name: string,
  context_length: number,
  input: number,
  output: number,
) => {
  const each = (usd: number) => ({ USD: usd, EUR: usd, INR: Math.round(usd * 85 * 1e6) / 1e6 })
  return {
    id,
    name,
    context_length,
    prices: { input_per_million: each(input), output_per_million: each(output) },
  }
}

const simulatedModels = [
  published('barrack-small', 'Barrack Small', 32_768, 0.1, 0.4),
  published('barrack-large', 'Barrack Large', 131_072, 0.6, 2.4),
]

/** Adds the published models to those of the file, answered by nobody real. */
export function withDemoModels(given: unknown): unknown {
  const file = typeof given === 'object' && given !== null ? given : {}
  const upstreams = 'upstreams' in file && Array.isArray(file.upstreams) ? file.upstreams : []
  const taken = new Set(
    upstreams.flatMap((each) =>
      Array.isArray(each?.models) ? each.models.map((model: { id?: unknown }) => model?.id) : [],
    ),
  )
  const models = simulatedModels.filter(({ id }) => !taken.has(id))
  const simulated = { id: 'simulated', kind: 'simulated', provider: 'Simulated', models }
  return { ...file, upstreams: models.length === 0 ? upstreams : [...upstreams, simulated] }
}
