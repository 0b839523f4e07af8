import { createRoute, z } from '@hono/zod-openapi'
import {
  Envelope,
  errors,
  exampleHead,
  ok,
  publicSecurity,
  query,
  queryInteger,
  regionFilter,
  security,
  Tier,
  Timestamp,
  text,
} from '../common.ts'
import {
  CatalogFlavor,
  GpuSpec,
  GpuStock,
  GpuStockHistory,
  OsImage,
  Region,
  SpecsMetadata,
} from './schemas.ts'

export * from './pricing.ts'
export * from './schemas.ts'

const tags = ['Catalog']
const tier = query(Tier)
const gpu_model = query(text(100)).openapi({ example: 'RTX-A6000' })

export const ListRegionsResponse = Envelope.extend({
  regions: z.array(Region),
  count: z.int(),
}).openapi('RegionsResponse')

export const listRegions = createRoute({
  operationId: 'listRegions',
  method: 'get',
  path: '/api/regions/',
  summary: 'List available regions',
  tags,
  security: publicSecurity,
  request: { query: z.object({ tier }) },
  responses: {
    ...ok(ListRegionsResponse, 'The regions', {
      ...exampleHead,
      message: 'Regions retrieved successfully',
      regions: [
        {
          name: 'CANADA-1',
          display_name: 'Canada 1',
          country: 'Canada',
          continent: 'North America',
          tier: 'legacy',
          available_gpus: ['RTX-A6000', 'H100-PCIe-80GB'],
          is_active: true,
        },
      ],
      count: 1,
    }),
    ...errors(400),
  },
})

export const ListFlavorsResponse = Envelope.extend({
  flavors: z.array(CatalogFlavor),
  count: z.int(),
}).openapi('FlavorsResponse')

export const listFlavors = createRoute({
  operationId: 'listFlavors',
  method: 'get',
  path: '/api/flavors/',
  summary: 'List flavors',
  tags,
  security,
  request: { query: z.object({ region: regionFilter }) },
  responses: {
    ...ok(ListFlavorsResponse, 'The flavors', {
      ...exampleHead,
      message: 'Flavors retrieved successfully',
      flavors: [
        {
          name: 'cpu-small',
          region: 'LOCAL-1',
          vcpus: 1,
          ram_gb: 1,
          storage_gb: 10,
          gpu_type: 'CPU',
          gpu_count: 0,
          prices: { USD: 0.01, EUR: 0.01, INR: 1 },
          available: true,
        },
      ],
      count: 1,
    }),
    ...errors(400),
  },
})

export const GetGpuStocksResponse = Envelope.extend({
  stocks: z.array(GpuStock),
  count: z.int(),
  timestamp: Timestamp,
}).openapi('GPUStocksResponse')

export const getGpuStocks = createRoute({
  operationId: 'getGpuStocks',
  method: 'get',
  path: '/api/gpu-stocks/',
  summary: 'Get GPU stock availability',
  tags,
  security: publicSecurity,
  request: { query: z.object({ region: regionFilter, gpu_model, tier }) },
  responses: {
    ...ok(GetGpuStocksResponse, 'What could be deployed now', {
      ...exampleHead,
      message: 'GPU stock retrieved',
      stocks: [
        {
          region: 'CANADA-1',
          gpu_model: 'RTX-A6000',
          tier: 'legacy',
          available: true,
          total_available: 9,
          configurations: [
            { gpu_count: 1, available: 9 },
            { gpu_count: 2, available: 4 },
            { gpu_count: 4, available: 2 },
          ],
          updated_at: '2026-01-10T08:59:30Z',
        },
      ],
      count: 1,
      timestamp: '2026-01-10T09:00:00Z',
    }),
    ...errors(400),
  },
})

const GetGpuStockHistoryResponse = Envelope.extend({
  from: Timestamp,
  to: Timestamp,
  step_seconds: z.int(),
  history: z.array(GpuStockHistory),
  count: z.int(),
}).openapi('GPUStockHistoryResponse')

export const getGpuStockHistory = createRoute({
  operationId: 'getGpuStockHistory',
  method: 'get',
  path: '/api/gpu-stocks/history/',
  summary: 'Get GPU stock history',
  description:
    'Looked at every 5 minutes and kept for 100 days. Without `from`, the last day; without `step`, about 300 values.',
  tags,
  security,
  request: {
    query: z.object({
      region: regionFilter,
      gpu_model,
      from: query(z.iso.datetime({ offset: true })).openapi({ example: '2026-01-09T09:00:00Z' }),
      to: query(z.iso.datetime({ offset: true })).openapi({ example: '2026-01-10T09:00:00Z' }),
      /** Seconds from one value to the next. */
      step: queryInteger(300, 8_640_000),
    }),
  },
  responses: {
    ...ok(GetGpuStockHistoryResponse, 'What could have been deployed then', {
      ...exampleHead,
      message: 'GPU stock history retrieved',
      from: '2026-01-10T08:55:00Z',
      to: '2026-01-10T09:00:00Z',
      step_seconds: 300,
      history: [
        {
          region: 'CANADA-1',
          gpu_model: 'RTX-A6000',
          tier: 'legacy',
          configurations: [
            {
              gpu_count: 1,
              points: [
                { at: '2026-01-10T08:55:00Z', available: null },
                { at: '2026-01-10T09:00:00Z', available: 9 },
              ],
            },
          ],
        },
      ],
      count: 1,
    }),
    ...errors(400),
  },
})

export const GetGpuSpecsResponse = Envelope.extend({
  specs: z.array(GpuSpec),
  metadata: SpecsMetadata,
}).openapi('GPUSpecsResponse')

export const getGpuSpecs = createRoute({
  operationId: 'getGpuSpecs',
  method: 'get',
  path: '/api/gpu-specs/',
  summary: 'Get GPU specifications',
  tags,
  security: publicSecurity,
  request: { query: z.object({ gpu_model, gpu_count: queryInteger(1, 64), tier }) },
  responses: {
    ...ok(GetGpuSpecsResponse, 'A row for each model and count', {
      ...exampleHead,
      message: 'GPU specifications retrieved successfully',
      specs: [
        {
          gpu_model: 'RTX-A6000',
          tier: 'legacy',
          gpu_count: 2,
          vcpus: 60,
          ram_gb: 116,
          storage_gb: 100,
          ephemeral_gb: 1450,
          gpu_memory_gb: 48,
          nvlink: false,
          supports_hibernation: true,
          regions: ['NORWAY-1', 'CANADA-1', 'US-1'],
          hourly_price: { USD: 1.38, EUR: 1.5, INR: 98 },
          best_for: 'Development',
        },
      ],
      metadata: {
        total: 1,
        supported_tiers: ['legacy', 'advanced'],
        supported_counts: [1, 2, 4, 8],
        supported_models: ['RTX-A6000'],
        timestamp: 1702234567,
      },
    }),
    ...errors(400),
  },
})

export const ListOsImagesResponse = Envelope.extend({
  images: z.array(OsImage),
  count: z.int(),
}).openapi('OSImagesResponse')

export const listOsImages = createRoute({
  operationId: 'listOsImages',
  method: 'get',
  path: '/api/os-images/',
  summary: 'List OS images',
  tags,
  security,
  request: { query: z.object({ region: regionFilter, tier, gpu_model }) },
  responses: {
    ...ok(ListOsImagesResponse, 'The OS images', {
      ...exampleHead,
      message: 'OS images retrieved successfully',
      images: [
        {
          id: 'garrison-small',
          name: 'garrison-small',
          type: 'Garrison',
          version: '1',
          region: 'LOCAL-1',
          tier: 'legacy',
          size_gb: 0.1,
          display_size: '0.1 GB',
          has_docker: false,
          has_jupyter: false,
          cuda_version: null,
        },
      ],
      count: 1,
    }),
    ...errors(400),
  },
})
