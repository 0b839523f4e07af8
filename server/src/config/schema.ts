/**
 * What `garrison.yaml` may say. Every key has a default that works; an unknown key is an error, so that
 * a misspelt one is not silently ignored. Amounts of money are decimals here and nowhere else.
 */
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { addressPools } from './address-pools.ts'
import { assistant } from './assistant.ts'
import { auth } from './auth.ts'
import { egress } from './egress.ts'
import { imageRegistries } from './image-registries.ts'
import { mail } from './mail.ts'
import { payments } from './payments.ts'
import { shares } from './shares.ts'
import { ssh } from './ssh.ts'

const prices = z.strictObject({
  USD: z.number().min(0),
  EUR: z.number().min(0),
  INR: z.number().min(0),
})
export type ConfiguredPrices = z.infer<typeof prices>

const name = z.string().min(1).max(64)
const tier = z.enum(['legacy', 'advanced'])

const region = z.strictObject({
  name,
  /** `qemu`: this host. `simulated`: nothing real, for demonstrations. */
  engine: z.enum(['qemu', 'simulated']),
  tier: tier.default('legacy'),
  display_name: z.string().optional(),
  country: z.string().default(''),
  continent: z.string().default(''),
  /** Models sold here; each must be in `gpu_models`. */
  gpu_models: z.array(name).default([]),
  /** Flavors without GPU sold here; each must be in `flavors`. */
  flavors: z.array(name).default([]),
  /** GB of the smallest volume. */
  minimum_volume_gb: z.int().min(1).max(1_048_576).default(1),
  /** OS images to boot from; each must be in `os_images`. */
  os_images: z.array(name).default([]),
  /** Public addresses that reach this host; none: some that the host itself gives, known to it alone. */
  address_pools: addressPools.default([]),
})
export type ConfiguredRegion = z.infer<typeof region>

const shape = z.strictObject({
  vcpus: z.int().min(1),
  ram_gb: z.number().positive(),
  disk_gb: z.int().min(1),
  ephemeral_gb: z.int().min(0).default(0),
})

const gpuModel = z.strictObject({
  tier: tier.default('legacy'),
  max_count: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)]),
  memory_gb: z.int().min(1),
  nvlink: z.boolean().default(false),
  best_for: z.string().default(''),
  /** Per GPU and hour. */
  prices,
  /** By number of GPUs: 1, 2, 4, 8. */
  shapes: z.partialRecord(z.enum(['1', '2', '4', '8']), shape),
})
export type ConfiguredGpuModel = z.infer<typeof gpuModel>

const flavor = z.strictObject({
  name,
  vcpus: z.int().min(1).max(1024),
  ram_gb: z.number().positive(),
  disk_gb: z.int().min(1),
  /** Per hour. */
  prices,
})

const osImage = z.strictObject({
  /** The engine knows it by the same name. */
  name,
  type: z.string().default('Linux'),
  version: z.string().default(''),
  login_user: z.string().min(1).default('root'),
  min_disk_gb: z.int().min(1).default(1),
  size_gb: z.number().min(0).default(0),
  /** It has cloud-init. Others run scripts only, and get what Garrison can translate of `#cloud-config`. */
  cloud_config: z.boolean().default(false),
  has_docker: z.boolean().default(false),
  /** Its Jupyter server starts after user-data ran, reads `/etc/jupyter` and listens on port 8888. */
  has_jupyter: z.boolean().default(false),
  cuda_version: z.string().nullable().default(null),
})

export const configSchema = z.strictObject({
  server: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.int().min(1).max(65_535).default(8600),
      /** How people reach it, such as `https://cloud.example.org`; `null`: where it listens. */
      public_url: z
        .url({ protocol: /^https?$/ })
        .nullable()
        .default(null),
      /**
       * Proxies in front of it, by address or CIDR: whom they name in `X-Forwarded-For` is who comes, for
       * limits and the audit log. Others may write there what they like.
       */
      trusted_proxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
    })
    .prefault({}),
  database: z
    .strictObject({
      /** A PostgreSQL of yours; `null`: our own, in the data folder. */
      url: z.string().nullable().default(null),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') })
    .prefault({}),
  billing: z
    .strictObject({
      /** `off`: rates are shown and nothing is charged. `prepaid`: credits are needed. */
      mode: z.enum(['off', 'prepaid']).default('off'),
      /** Of accounts made by `garrison account create`. */
      currency: z.enum(['USD', 'EUR', 'INR']).default('USD'),
    })
    .prefault({}),
  depletion: z
    .strictObject({
      /** Seven days after credits are used up: instances, detached volumes and snapshots are deleted. */
      reclaim: z.boolean().default(false),
    })
    .prefault({}),
  events: z
    .strictObject({
      /** What happened longer ago is forgotten. */
      keep_days: z.int().min(1).max(3_650).default(30),
    })
    .prefault({}),
  webhooks: z
    .strictObject({
      /** Plain http, where others on the way can read what is sent. */
      allow_http: z.boolean().default(false),
      /** Networks beside the public internet that may be sent to, also over plain http. */
      allow_networks: z
        .array(
          z.string().refine((cidr) => ipaddr.isValidCIDR(cidr), 'a network such as 10.1.0.0/16'),
        )
        .default([]),
    })
    .prefault({}),
  payments,
  limits: z
    .strictObject({
      reads_per_minute: z.int().min(1).default(6_000),
      writes_per_minute: z.int().min(1).default(600),
    })
    .prefault({}),
  mail,
  auth,
  assistant,
  capacity: z
    .strictObject({
      /** Virtual CPUs promised per CPU of the host. The memory of instances is never oversold. */
      vcpu_ratio: z.number().min(1).max(64).default(4),
      /** Disk promised per GB that the host has: disks are thin. */
      disk_ratio: z.number().min(1).max(64).default(4),
      /** GB that must be really free for a new machine or snapshot. */
      disk_floor_gb: z.number().min(0).default(2),
    })
    .prefault({}),
  microvms: z
    .strictObject({
      /** Where new ones run; `null`: the first region that has them. */
      region: name.nullable().default(null),
      /** Build what all begin as when the server starts, rather than when it is first asked for. */
      base_at_start: z.boolean().default(false),
      /** At once, of one account. */
      vms_per_account: z.int().min(0).default(100),
      snapshots_per_account: z.int().min(0).default(100),
      registries: imageRegistries,
      egress,
      shares,
      ssh,
    })
    .prefault({}),
  regions: z.array(region).min(1).optional(),
  gpu_models: z.record(name, gpuModel).default({}),
  flavors: z.array(flavor).optional(),
  os_images: z.array(osImage).optional(),
  prices: z
    .strictObject({
      /** Per hour for each 100 GB of a snapshot's disk. */
      snapshot_100gb: prices.prefault({ USD: 0.1, EUR: 0.1, INR: 10 }),
      /** Per hour for a hibernated instance, whatever its size. */
      hibernated: prices.prefault({ USD: 0.01, EUR: 0.01, INR: 1 }),
      /** Of microVMs: for each virtual CPU and second, and each GB (1024 MiB) of memory and second. */
      microvm_vcpu_second: prices.prefault({ USD: 0.000014, EUR: 0.000014, INR: 0.0012 }),
      microvm_gb_second: prices.prefault({ USD: 0.0000045, EUR: 0.0000045, INR: 0.0004 }),
      /** Per TB (1000 GB) and hour, by tier and type of volume. */
      volumes: z.record(tier, z.partialRecord(z.enum(['SSD', 'HDD', 'NVMe']), prices)).prefault({
        legacy: { SSD: { USD: 0.1, EUR: 0.1, INR: 10 } },
        advanced: {
          HDD: { USD: 0.08, EUR: 0.1, INR: 8 },
          NVMe: { USD: 0.3, EUR: 0.35, INR: 30 },
        },
      }),
    })
    .prefault({}),
})

export type ConfigFile = z.infer<typeof configSchema>
