/** What can be deployed, where, and in which shapes. Names come from the installation's own catalog. */
import { z } from '@hono/zod-openapi'
import { Price, Tier, Timestamp } from '../common.ts'

export const Region = z
  .object({
    name: z.string(),
    display_name: z.string(),
    country: z.string(),
    continent: z.string(),
    tier: Tier,
    /** Models that it sells, whether or not one is free now. */
    available_gpus: z.array(z.string()),
    is_active: z.boolean(),
    simulated: z.literal(true).optional(),
  })
  .openapi('Region')
export type Region = z.infer<typeof Region>

export const CatalogFlavor = z
  .object({
    name: z.string(),
    region: z.string(),
    vcpus: z.int(),
    /** 1 GB of memory is 1024 MiB. */
    ram_gb: z.number(),
    /** GB (10^9 bytes) of the root disk. */
    storage_gb: z.int(),
    /** `CPU` and 0 for a machine without GPU. */
    gpu_type: z.string(),
    gpu_count: z.int(),
    /** Per hour, for the whole machine. */
    prices: Price,
    /** One could be deployed now. */
    available: z.boolean(),
    simulated: z.literal(true).optional(),
  })
  .openapi('Flavor')
export type CatalogFlavor = z.infer<typeof CatalogFlavor>

export const GpuStock = z
  .object({
    region: z.string(),
    gpu_model: z.string(),
    tier: Tier,
    available: z.boolean(),
    /** Machines with one GPU of this model that could be deployed now. */
    total_available: z.int(),
    /** Machines of each size that could be deployed now, if no other were. */
    configurations: z.array(
      z.object({ gpu_count: z.int(), available: z.int() }).openapi('GPUStockConfiguration'),
    ),
    updated_at: Timestamp,
  })
  .openapi('GPUStockItem')
export type GpuStock = z.infer<typeof GpuStock>

export const GpuStockHistory = z
  .object({
    region: z.string(),
    gpu_model: z.string(),
    tier: Tier,
    configurations: z.array(
      z
        .object({
          gpu_count: z.int(),
          /** Machines of this size that could be deployed at that moment; null: nobody looked yet. */
          points: z.array(z.object({ at: Timestamp, available: z.int().nullable() })),
        })
        .openapi('GPUStockSeries'),
    ),
  })
  .openapi('GPUStockHistoryItem')
export type GpuStockHistory = z.infer<typeof GpuStockHistory>

export const GpuSpec = z
  .object({
    gpu_model: z.string(),
    tier: Tier,
    gpu_count: z.int(),
    vcpus: z.int(),
    ram_gb: z.number(),
    storage_gb: z.int(),
    /** GB (10^9 bytes) of a disk that does not outlive the machine. */
    ephemeral_gb: z.int(),
    /** Of one GPU. */
    gpu_memory_gb: z.int(),
    nvlink: z.boolean(),
    supports_hibernation: z.boolean(),
    regions: z.array(z.string()),
    /** For the whole machine. */
    hourly_price: Price,
    best_for: z.string(),
  })
  .openapi('GPUSpec')
export type GpuSpec = z.infer<typeof GpuSpec>

export const SpecsMetadata = z
  .object({
    total: z.int(),
    supported_tiers: z.array(Tier),
    supported_counts: z.array(z.int()),
    supported_models: z.array(z.string()),
    /** Unix seconds. */
    timestamp: z.int(),
  })
  .openapi('SpecsMetadata')

export const OsImage = z
  .object({
    id: z.string(),
    name: z.string(),
    /** Such as `Ubuntu`. */
    type: z.string(),
    version: z.string(),
    region: z.string(),
    tier: Tier,
    size_gb: z.number(),
    /** For people: `2.5 GB`. */
    display_size: z.string(),
    has_docker: z.boolean(),
    /** The Jupyter switch of a deployment works. False for every image that Garrison brings. */
    has_jupyter: z.boolean(),
    cuda_version: z.string().nullable(),
  })
  .openapi('OSImage')
export type OsImage = z.infer<typeof OsImage>
