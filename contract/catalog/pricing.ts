/** Prices, as published: a block for each kind of resource, by tier, then by type or model. */
import { createRoute, z } from '@hono/zod-openapi'
import { onlyReads } from '../access.ts'
import {
  Currency,
  choice,
  errors,
  exampleHead,
  integer,
  ok,
  Price,
  publicSecurity,
  query,
  queryInteger,
  RequestId,
  security,
  Tier,
  text,
} from '../common.ts'

const ResourceType = choice(['volumes', 'snapshots', 'gpus']).openapi('ResourceTypeEnum')
const VolumeType = choice(['SSD', 'HDD', 'NVMe']).openapi('VolumeTypeEnum')

const largestVolumeGb = 1_048_576
const largestGpuCount = 64

const tags = ['Catalog']

/** Filters, and what to estimate: `gpu_model` with `gpu_count`, `volume_type` with `volume_size_gb`. */
const PricingQuery = z.object({
  tier: query(Tier),
  currency: query(Currency),
  resource_type: query(ResourceType),
  /** At least the smallest volume of the region or tier. */
  volume_size_gb: queryInteger(1, largestVolumeGb),
  volume_type: query(VolumeType),
  gpu_model: query(text(100)).openapi({ example: 'RTX-A6000' }),
  gpu_count: queryInteger(1, largestGpuCount),
})

export const PricingRequest = z
  .object({
    tier: Tier.optional(),
    currency: Currency.optional(),
    resource_type: ResourceType.optional(),
    volume_size_gb: integer(1, largestVolumeGb).optional(),
    volume_type: VolumeType.optional(),
    gpu_model: text(100).optional(),
    gpu_count: integer(1, largestGpuCount).optional(),
  })
  .openapi('PricingRequest')
export type PricingRequest = z.infer<typeof PricingRequest>

const leaf = { prices: Price, unit: z.string() }

const byTier = <S extends z.ZodType>(schema: S) =>
  z.object({ legacy: schema.optional(), advanced: schema.optional() })

/** A filter by `resource_type` leaves only its block; one without a match leaves empty maps. */
export const PricingData = z
  .object({
    volumes: z
      .object({
        pricing: byTier(z.record(z.string(), z.object(leaf))),
        minimum_size_gb: z.int(),
        description: z.string(),
      })
      .optional(),
    snapshots: z
      .object({
        pricing: byTier(z.object({ ...leaf, fixed_size_gb: z.int() })),
        description: z.string(),
      })
      .optional(),
    gpus: z
      .object({
        pricing: byTier(z.record(z.string(), z.object({ ...leaf, max_count: z.int() }))),
        description: z.string(),
      })
      .optional(),
    metadata: z.object({
      supported_currencies: z.array(Currency),
      supported_tiers: z.array(Tier),
      volume_minimum_size_gb: z.int(),
      /** Name of the key; null for whoever has none. */
      authenticated_user: z.string().nullable(),
      authentication_type: z.enum(['api_key', 'session', 'anonymous']),
      /** Unix seconds. */
      timestamp: z.int(),
    }),
    /** Only when enough was given to compute it. A month has 730 hours. */
    estimate: z
      .object({
        hourly: z.number(),
        per_minute: z.number(),
        monthly: z.number(),
        currency: Currency,
      })
      .optional(),
  })
  .openapi('PricingData')
export type PricingData = z.infer<typeof PricingData>

export const PricingResponse = z
  .object({
    success: z.literal(true),
    message: z.string(),
    pricing_data: PricingData,
    request_id: RequestId,
  })
  .openapi('PricingResponse')

const example = {
  ...exampleHead,
  message: 'Pricing information retrieved successfully',
  pricing_data: {
    volumes: {
      pricing: {
        legacy: { SSD: { prices: { USD: 0.1, EUR: 0.1, INR: 10 }, unit: 'per TB per hour' } },
        advanced: {
          HDD: { prices: { USD: 0.08, EUR: 0.1, INR: 8 }, unit: 'per TB per hour' },
          NVMe: { prices: { USD: 0.3, EUR: 0.35, INR: 30 }, unit: 'per TB per hour' },
        },
      },
      minimum_size_gb: 100,
      description: 'Volumes are billed by their size for as long as they exist.',
    },
    snapshots: {
      pricing: {
        legacy: {
          prices: { USD: 0.1, EUR: 0.1, INR: 10 },
          fixed_size_gb: 100,
          unit: 'per hour (fixed 100GB)',
        },
      },
      description: 'Snapshots are billed for as long as they exist.',
    },
    gpus: {
      pricing: {
        legacy: {
          'RTX-A6000': {
            prices: { USD: 0.69, EUR: 0.75, INR: 49 },
            max_count: 4,
            unit: 'per GPU per hour',
          },
        },
        advanced: {
          'B300-262GB': {
            prices: { USD: 5.79, EUR: 5.99, INR: 499 },
            max_count: 8,
            unit: 'per GPU per hour',
          },
        },
      },
      description: 'GPU instances are billed by the minute.',
    },
    metadata: {
      supported_currencies: ['USD', 'EUR', 'INR'],
      supported_tiers: ['legacy', 'advanced'],
      volume_minimum_size_gb: 100,
      authenticated_user: 'my_api_key',
      authentication_type: 'api_key',
      timestamp: 1702234567,
    },
  },
} satisfies z.input<typeof PricingResponse>

const responses = { ...ok(PricingResponse, 'Prices', example), ...errors(400) }

export const getPricing = createRoute({
  operationId: 'getPricing',
  method: 'get',
  path: '/api/pricing/',
  summary: 'Get pricing information',
  tags,
  security: publicSecurity,
  request: { query: PricingQuery },
  responses,
})

/** Changes nothing. */
export const queryPricing = createRoute({
  operationId: 'queryPricing',
  ...onlyReads,
  method: 'post',
  path: '/api/pricing/',
  summary: 'Get pricing information',
  description: 'Where the query and the body name the same thing, the body wins.',
  tags,
  security,
  request: {
    query: PricingQuery,
    body: {
      required: false,
      content: {
        'application/json': {
          schema: PricingRequest,
          example: { currency: 'USD', gpu_model: 'RTX-A6000', gpu_count: 2 },
        },
      },
    },
  },
  responses: { ...responses, ...errors(400, 413) },
})
