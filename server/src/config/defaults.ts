/** What Garrison offers when nobody says otherwise: this host as LOCAL-1, and the demonstration regions. */
import { publishedGpuModels, publishedOsImages, publishedRegions } from '../catalog/published.ts'
import { withDemoModels } from './assistant.ts'
import type { ConfigFile } from './schema.ts'

const flavor = (name: string, vcpus: number, ram_gb: number, disk_gb: number, hourly: number) => ({
  name,
  vcpus,
  ram_gb,
  disk_gb,
  prices: { USD: hourly, EUR: hourly, INR: hourly * 85 },
})

/** Modest prices, so that what machines cost is visible from the first day; nothing is charged by default. */
export const localFlavors = [
  flavor('cpu-small', 1, 1, 10, 0.01),
  flavor('cpu-medium', 2, 4, 20, 0.03),
  flavor('cpu-large', 4, 8, 40, 0.06),
]

/** What machines of this host boot from unless told otherwise; built at the first start. */
export const firstImage = 'garrison-small'

export const localOsImages = [
  {
    name: firstImage,
    type: 'Garrison',
    version: '1',
    login_user: 'root',
    min_disk_gb: 1,
    size_gb: 0.1,
  },
]

export const localRegion = {
  name: 'LOCAL-1',
  engine: 'qemu',
  tier: 'legacy',
  display_name: 'This host',
  flavors: localFlavors.map((each) => each.name),
  os_images: localOsImages.map((each) => each.name),
} as const

/**
 * Fills in what the file leaves out. A demonstration adds to the file, it never takes away.
 * `local`: this host can run machines, so it is a region.
 */
export function withDefaults(
  file: Record<string, unknown>,
  { demo, local }: { demo: boolean; local: boolean },
): Record<string, unknown> {
  const filled: Record<string, unknown> = {
    regions: local ? [localRegion] : [],
    flavors: localFlavors,
    os_images: localOsImages,
    ...file,
  }
  if (!demo) return filled
  const list = (value: unknown) => (Array.isArray(value) ? value : [])
  const record = (value: unknown) => (typeof value === 'object' && value !== null ? value : {})
  return {
    ...filled,
    regions: [...list(filled.regions), ...publishedRegions],
    gpu_models: { ...publishedGpuModels, ...record(filled.gpu_models) },
    os_images: [...list(filled.os_images), ...publishedOsImages],
    assistant: withDemoModels(filled.assistant),
    billing: {
      mode: 'prepaid' satisfies ConfigFile['billing']['mode'],
      ...record(filled.billing),
    },
    auth: { sign_up: 'open' satisfies ConfigFile['auth']['sign_up'], ...record(filled.auth) },
  }
}
