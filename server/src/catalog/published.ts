/**
 * The regions, GPU models and images that Barrack publishes, for `--demo` on the simulated engine.
 * Source: the published contract, tables 1.3 to 1.6 and 1.10. Not offers of ours.
 */
import type { ConfiguredGpuModel, ConfiguredRegion } from '../config/schema.ts'

type Shapes = ConfiguredGpuModel['shapes']
type Count = '1' | '2' | '4' | '8'

const counts = ['1', '2', '4', '8'] as const satisfies Count[]

/** Local disk beside the root disk of 100 GB, by number of GPUs. */
const ephemeral = {
  large: { '1': 750, '2': 1500, '4': 3200, '8': 6500 },
  small: { '1': 725, '2': 1450, '4': 2900, '8': 5800 },
  none: { '1': 0, '2': 0, '4': 0, '8': 0 },
} as const satisfies Record<string, Record<Count, number>>

/** `28/180 60/360 …`: vCPUs and GB of memory for 1, 2, 4, 8 GPUs. */
function shapes(text: string, disk: keyof typeof ephemeral): Shapes {
  const entries = text.split(' ').map((pair, index) => {
    const [vcpus, ram] = pair.split('/').map(Number)
    const count = counts[index]
    if (count === undefined || vcpus === undefined || ram === undefined) throw new Error(text)
    return [count, { vcpus, ram_gb: ram, disk_gb: 100, ephemeral_gb: ephemeral[disk][count] }]
  })
  return Object.fromEntries(entries)
}

const price = (USD: number, EUR: number, INR: number) => ({ USD, EUR, INR })

export const publishedGpuModels: Record<string, ConfiguredGpuModel> = {
  'H100-PCIe-NVLink-80GB': {
    tier: 'legacy',
    max_count: 8,
    memory_gb: 80,
    nvlink: true,
    best_for: 'Multi-GPU and distributed training',
    prices: price(2.29, 2.39, 199),
    shapes: shapes('31/180 62/360 124/720 252/1440', 'large'),
  },
  'H100-PCIe-80GB': {
    tier: 'legacy',
    max_count: 8,
    memory_gb: 80,
    nvlink: false,
    best_for: 'Single-GPU inference and training',
    prices: price(2.25, 2.05, 195),
    shapes: shapes('28/180 60/360 124/720 252/1440', 'large'),
  },
  'A100-SXM4-80GB-NVLink': {
    tier: 'legacy',
    max_count: 8,
    memory_gb: 80,
    nvlink: true,
    best_for: 'Deep learning and HPC',
    prices: price(1.59, 1.45, 135),
    shapes: shapes('31/240 62/480 124/960 252/1920', 'large'),
  },
  'A100-PCIe-80GB': {
    tier: 'legacy',
    max_count: 8,
    memory_gb: 80,
    nvlink: false,
    best_for: 'ML training and analytics',
    prices: price(1.55, 1.39, 135),
    shapes: shapes('28/120 60/240 124/480 252/1440', 'large'),
  },
  L40: {
    tier: 'legacy',
    max_count: 8,
    memory_gb: 48,
    nvlink: false,
    best_for: 'Inference and graphics',
    prices: price(1.19, 1.09, 99),
    shapes: shapes('28/58 60/116 124/232 252/464', 'small'),
  },
  'RTX-A6000': {
    tier: 'legacy',
    max_count: 4,
    memory_gb: 48,
    nvlink: false,
    best_for: 'Development',
    prices: price(0.69, 0.75, 49),
    shapes: shapes('28/58 60/116 124/232', 'small'),
  },
  A40: {
    tier: 'legacy',
    max_count: 4,
    memory_gb: 48,
    nvlink: false,
    best_for: 'Professional graphics',
    prices: price(0.69, 0.45, 49),
    shapes: shapes('28/58 60/116 124/232', 'small'),
  },
  'H100-SXM5-80GB': {
    tier: 'advanced',
    max_count: 8,
    memory_gb: 80,
    nvlink: true,
    best_for: 'The largest training',
    prices: price(2.49, 2.69, 209),
    shapes: shapes('32/185 64/370 128/740 176/1480', 'none'),
  },
  'B300-262GB': {
    tier: 'advanced',
    max_count: 8,
    memory_gb: 262,
    nvlink: true,
    best_for: 'The largest models',
    prices: price(5.79, 5.99, 499),
    shapes: shapes('30/275 60/550 120/1100 240/2200', 'none'),
  },
  'B200-180GB': {
    tier: 'advanced',
    max_count: 8,
    memory_gb: 180,
    nvlink: true,
    best_for: 'Large models',
    prices: price(4.59, 4.79, 399),
    shapes: shapes('30/184 60/368 120/736 240/1472', 'none'),
  },
  'H200-141GB': {
    tier: 'advanced',
    max_count: 8,
    memory_gb: 141,
    nvlink: true,
    best_for: 'Long contexts and large models',
    prices: price(3.29, 3.49, 279),
    shapes: shapes('44/182 88/370 176/740 176/1450', 'none'),
  },
  'A100-SXM4-80GB': {
    tier: 'advanced',
    max_count: 8,
    memory_gb: 80,
    nvlink: true,
    best_for: 'Deep learning and HPC',
    prices: price(1.59, 1.69, 135),
    shapes: shapes('22/120 44/240 88/480 176/960', 'none'),
  },
  'RTX-PRO-6000-96GB': {
    tier: 'advanced',
    max_count: 8,
    memory_gb: 96,
    nvlink: false,
    best_for: 'Inference and rendering',
    prices: price(1.59, 1.69, 135),
    shapes: shapes('30/90 60/180 120/360 240/720', 'none'),
  },
  'L40S-48GB': {
    tier: 'advanced',
    max_count: 8,
    memory_gb: 48,
    nvlink: false,
    best_for: 'Inference and graphics',
    prices: price(1.19, 1.29, 99),
    shapes: shapes('20/60 40/120 80/240 160/480', 'none'),
  },
  'V100-16GB': {
    tier: 'advanced',
    max_count: 8,
    memory_gb: 16,
    nvlink: false,
    best_for: 'Small training and teaching',
    prices: price(0.29, 0.29, 25),
    shapes: shapes('6/23 10/45 20/90 48/180', 'none'),
  },
}

const modelsOf = (tier: 'legacy' | 'advanced') =>
  Object.entries(publishedGpuModels).flatMap(([name, model]) => (model.tier === tier ? [name] : []))

export const publishedOsImages = [
  ubuntu('Ubuntu Server 22.04 LTS R550 CUDA 12.4', '22.04', '12.4', false),
  ubuntu('Ubuntu Server 22.04 LTS R550 CUDA 12.4 with Docker', '22.04', '12.4', true),
  ubuntu('Ubuntu Server 20.04 LTS R535 CUDA 12.2', '20.04', '12.2', false),
  ubuntu('Ubuntu Server 20.04 LTS R535 CUDA 12.2 with Docker', '20.04', '12.2', true),
  ubuntu('Ubuntu Server 22.04 LTS R535 CUDA 12.2 with Docker', '22.04', '12.2', true),
  ubuntu('ubuntu-24.04-cuda-13.0-open-docker', '24.04', '13.0', true),
  ubuntu('ubuntu-22.04-cuda-12.0-docker', '22.04', '12.0', true),
]

function ubuntu(name: string, version: string, cuda: string, docker: boolean) {
  return {
    name,
    type: 'Ubuntu',
    version,
    login_user: 'ubuntu',
    cloud_config: true,
    min_disk_gb: 20,
    size_gb: docker ? 14.2 : 11.6,
    has_docker: docker,
    cuda_version: cuda,
  }
}

/** Advanced images are slugs. */
const imagesOf = (tier: 'legacy' | 'advanced') =>
  publishedOsImages
    .map((image) => image.name)
    .filter((name) => (tier === 'advanced') === name.startsWith('ubuntu-'))

function published(
  name: string,
  display_name: string,
  tier: 'legacy' | 'advanced',
  country: string,
  continent: string,
): ConfiguredRegion {
  return {
    name,
    engine: 'simulated',
    tier,
    display_name,
    country,
    continent,
    gpu_models: modelsOf(tier),
    flavors: [],
    minimum_volume_gb: 100,
    os_images: imagesOf(tier),
    address_pools: [],
  }
}

export const publishedRegions: ConfiguredRegion[] = [
  published('NORWAY-1', 'Norway 1', 'legacy', 'Norway', 'Europe'),
  published('CANADA-1', 'Canada 1', 'legacy', 'Canada', 'North America'),
  published('US-1', 'United States 1', 'legacy', 'United States', 'North America'),
  published('FIN-01', 'Finland 1', 'advanced', 'Finland', 'Europe'),
  published('FIN-02', 'Finland 2', 'advanced', 'Finland', 'Europe'),
  published('FIN-03', 'Finland 3', 'advanced', 'Finland', 'Europe'),
  published('ICE-01', 'Iceland 1', 'advanced', 'Iceland', 'Europe'),
]
