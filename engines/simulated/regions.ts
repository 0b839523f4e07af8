/**
 * The hosts of the published regions, for the demo: what each region has of the models of its tier.
 * Servers of the usual sizes, large enough for the largest published shape. As in a real cloud, not
 * every region has everything, some models are scarce, and one (`B200-180GB`) is sold out everywhere.
 */
import type { Host } from '../engine.ts'

type Server = { readonly vcpus: number; readonly memoryMib: number }

const TIB = 1024 * 1024

/** The server that a model comes in. Threads for eight machines of one GPU without overselling. */
const SERVERS = {
  'H100-PCIe-NVLink-80GB': { vcpus: 256, memoryMib: 2 * TIB },
  'H100-PCIe-80GB': { vcpus: 256, memoryMib: 2 * TIB },
  'A100-SXM4-80GB-NVLink': { vcpus: 256, memoryMib: 2 * TIB },
  'A100-PCIe-80GB': { vcpus: 256, memoryMib: 2 * TIB },
  L40: { vcpus: 256, memoryMib: TIB },
  'RTX-A6000': { vcpus: 128, memoryMib: TIB / 2 },
  A40: { vcpus: 128, memoryMib: TIB / 2 },
  'H100-SXM5-80GB': { vcpus: 256, memoryMib: 2 * TIB },
  'B300-262GB': { vcpus: 256, memoryMib: 3 * TIB },
  'H200-141GB': { vcpus: 384, memoryMib: 2 * TIB },
  'A100-SXM4-80GB': { vcpus: 256, memoryMib: 2 * TIB },
  'RTX-PRO-6000-96GB': { vcpus: 256, memoryMib: TIB },
  'L40S-48GB': { vcpus: 192, memoryMib: TIB },
  'V100-16GB': { vcpus: 96, memoryMib: TIB / 2 },
} as const satisfies Record<string, Server>

type Model = keyof typeof SERVERS

/** Root disk and the ephemeral disks of eight machines. */
const DISK_GB = 30_000

/** For each model, the GPUs in each of the region's hosts: eight in a whole one, or what is left of it. */
const STOCK: Readonly<Record<string, Partial<Record<Model, readonly number[]>>>> = {
  'NORWAY-1': {
    'H100-PCIe-NVLink-80GB': [8, 8, 8],
    'H100-PCIe-80GB': [8, 8],
    'A100-PCIe-80GB': [8, 4],
    L40: [8, 8],
    'RTX-A6000': [4, 4, 4],
    A40: [4],
  },
  'CANADA-1': {
    'H100-PCIe-NVLink-80GB': [8, 5],
    'H100-PCIe-80GB': [8, 8, 8],
    'A100-SXM4-80GB-NVLink': [8],
    'A100-PCIe-80GB': [8, 8],
    L40: [8],
    'RTX-A6000': [4, 4, 1],
  },
  'US-1': {
    'H100-PCIe-NVLink-80GB': [2],
    'H100-PCIe-80GB': [8],
    'A100-SXM4-80GB-NVLink': [8, 8],
    'A100-PCIe-80GB': [3],
    L40: [8, 8, 6],
    'RTX-A6000': [4, 4],
    A40: [4, 2],
  },
  'FIN-01': {
    'H100-SXM5-80GB': [8, 8, 8],
    'A100-SXM4-80GB': [8, 8],
    'L40S-48GB': [8, 8],
    'V100-16GB': [8, 8, 8],
  },
  'FIN-02': {
    'H100-SXM5-80GB': [8, 4],
    'H200-141GB': [8, 8],
    'RTX-PRO-6000-96GB': [8],
    'L40S-48GB': [2],
    'V100-16GB': [8],
  },
  'FIN-03': {
    'B300-262GB': [8, 1],
    'H200-141GB': [8],
    'H100-SXM5-80GB': [8, 8],
    'RTX-PRO-6000-96GB': [8, 8],
    'A100-SXM4-80GB': [1],
  },
  'ICE-01': {
    'H200-141GB': [4],
    'A100-SXM4-80GB': [8],
    'L40S-48GB': [8],
    'V100-16GB': [8, 6],
  },
}

export const PUBLISHED_REGIONS: readonly string[] = Object.keys(STOCK)

/** None for a region that is not a published one: the demo knows nothing about it. */
export function publishedHosts(region: string): readonly Host[] {
  return Object.entries(SERVERS).flatMap(([model, server]) =>
    gpusOf(region, model).map((count, index) => ({
      name: `${region}-${model}-${index + 1}`.toLowerCase(),
      ...server,
      diskGb: DISK_GB,
      diskFreeGb: DISK_GB,
      gpus: [{ model, count }],
    })),
  )
}

function gpusOf(region: string, model: string): readonly number[] {
  const stock: Readonly<Record<string, readonly number[]>> = STOCK[region] ?? {}
  return stock[model] ?? []
}
