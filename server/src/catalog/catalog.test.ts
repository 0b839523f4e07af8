import { describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { ValidationError } from '../errors.ts'
import { createCatalog } from './catalog.ts'

const config = loadConfig({ env: {}, dataDir: '/nowhere', demo: true, local: true })
const catalog = createCatalog(config)
const local = catalog.region('LOCAL-1')
const norway = catalog.region('NORWAY-1')

/** What is wrong, by field. */
function complaint(ask: () => unknown) {
  try {
    ask()
  } catch (error) {
    if (error instanceof ValidationError) return error.fields
    throw error
  }
  throw new Error('it was accepted')
}

describe('a flavor', () => {
  it('without GPU goes by its name', () => {
    expect(catalog.resolveFlavor(local, { flavor: 'cpu-medium' })).toEqual({
      name: 'cpu-medium',
      vcpus: 2,
      memoryMib: 4096,
      diskGb: 20,
      ephemeralGb: 0,
      gpu: null,
      hourlyRate: { USD: 30_000, EUR: 30_000, INR: 2_550_000 },
    })
  })

  it('with GPUs goes by the model and how many, one when nobody says', () => {
    const two = catalog.resolveFlavor(norway, { gpu_model: 'L40', gpu_count: 2 })
    expect(two).toMatchObject({
      name: 'L40-x2',
      vcpus: 60,
      memoryMib: 116 * 1024,
      gpu: { model: 'L40', count: 2 },
    })
    expect(catalog.resolveFlavor(norway, { gpu_model: 'L40' }).gpu?.count).toBe(1)
    expect(catalog.resolveFlavor(norway, { flavor: 'L40-x2' })).toEqual(two)
  })

  it('with several GPUs costs as many times what one does, exactly', () => {
    const rate = (gpu_count: number) =>
      catalog.resolveFlavor(norway, { gpu_model: 'H100-PCIe-NVLink-80GB', gpu_count }).hourlyRate
    expect(rate(1)).toEqual({ USD: 2_290_000, EUR: 2_390_000, INR: 199_000_000 })
    expect(rate(8)).toEqual({ USD: 18_320_000, EUR: 19_120_000, INR: 1_592_000_000 })
  })

  it.each([
    [local, {}, { flavor: /exactly one/, gpu_model: /exactly one/ }],
    [local, { flavor: 'cpu-small', gpu_model: 'L40' }, { flavor: /exactly/, gpu_model: /exactly/ }],
    [local, { flavor: 'cpu-tiny' }, { flavor: /"cpu-tiny".*cpu-small, cpu-medium, cpu-large/ }],
    [local, { gpu_model: 'L40' }, { gpu_model: /LOCAL-1 has no GPUs/ }],
    [norway, { gpu_model: 'H900' }, { gpu_model: /"H900".*L40/ }],
    [norway, { gpu_model: 'V100-16GB' }, { gpu_model: /not offered here/ }],
    [norway, { gpu_model: 'RTX-A6000', gpu_count: 8 }, { gpu_count: /1, 2, 4 GPUs, not 8/ }],
    [norway, { gpu_model: 'L40', gpu_count: 3 }, { gpu_count: /1, 2, 4, 8 GPUs, not 3/ }],
    [norway, { flavor: 'L40-x2', gpu_count: 4 }, { gpu_count: /L40-x2 has 2/ }],
  ] as const)('in $name is refused for %j', (region, choice, words) => {
    const fields = complaint(() => catalog.resolveFlavor(region, choice))
    expect(Object.keys(fields)).toEqual(Object.keys(words))
    for (const [field, expected] of Object.entries(words)) {
      expect(fields[field]?.join()).toMatch(expected)
    }
  })
})

describe('what is not known', () => {
  it('is named, together with what is', () => {
    expect(complaint(() => catalog.region('MARS-1'))).toMatchObject({
      region: [expect.stringMatching(/"MARS-1".*LOCAL-1.*NORWAY-1/)],
    })
    expect(complaint(() => catalog.osImage(local, 'windows'))).toMatchObject({
      os_image: [expect.stringMatching(/"windows".*garrison-small/)],
    })
    expect(complaint(() => catalog.gpuModel('H900'))).toHaveProperty('gpu_model')
  })

  it('includes an image that only other regions have', () => {
    expect(complaint(() => catalog.osImage(norway, 'garrison-small'))).toHaveProperty('os_image')
  })
})

describe('the hardware of a snapshot', () => {
  const record = {
    flavor: 'cpu-small',
    gpu_model: null,
    gpu_count: 0,
    vcpus: 1,
    memory_mib: 1024,
    disk_gb: 15,
  }

  it('stays what it was, at the price of its flavor today', () => {
    expect(catalog.flavorOfRecord('LOCAL-1', record, 'USD')).toMatchObject({
      name: 'cpu-small',
      diskGb: 15,
      hourlyRate: { USD: 10_000 },
    })
  })

  it('costs what the next larger flavor does, when its own is no longer offered', () => {
    const renamed = { ...record, flavor: 'cpu-old', vcpus: 2, memory_mib: 2048 }
    expect(catalog.flavorOfRecord('LOCAL-1', renamed, 'USD')).toMatchObject({
      name: 'cpu-old',
      vcpus: 2,
      memoryMib: 2048,
      hourlyRate: { USD: 30_000 },
    })
  })

  it('costs what the cheapest that is as large in everything does, in whatever order they stand', () => {
    const sorted = createCatalog({
      ...config,
      regions: config.regions.map((region) => ({
        ...region,
        flavors: [...region.flavors].reverse(),
      })),
    })
    const priceOf = (changed: object) =>
      sorted.flavorOfRecord(
        'LOCAL-1',
        { ...record, flavor: 'cpu-old', disk_gb: 1, ...changed },
        'USD',
      ).hourlyRate.USD
    expect(priceOf({})).toBe(10_000)
    expect(priceOf({ disk_gb: 20 })).toBe(30_000)
  })

  it('with several GPUs costs what no fewer do', () => {
    const record = { flavor: 'L40-old', gpu_model: 'L40', vcpus: 1, memory_mib: 1024, disk_gb: 10 }
    const priceOf = (gpu_count: number) =>
      catalog.flavorOfRecord('NORWAY-1', { ...record, gpu_count }, 'USD').hourlyRate
    const offered = (gpu_count: number) =>
      catalog.resolveFlavor(norway, { gpu_model: 'L40', gpu_count }).hourlyRate
    expect(priceOf(2)).toEqual(offered(2))
    expect(priceOf(3)).toEqual(offered(4))
  })

  it('is refused when nothing as large is offered any more', () => {
    const huge = { ...record, flavor: 'cpu-huge', vcpus: 512 }
    const fields = complaint(() => catalog.flavorOfRecord('LOCAL-1', huge, 'USD'))
    expect(fields.flavor?.join()).toMatch(/no longer offers cpu-huge/)
  })
})

it('a snapshot costs by the size of its disk', () => {
  expect(catalog.snapshotRate('USD', 100)).toBe(100_000)
  expect(catalog.snapshotRate('USD', 10)).toBe(10_000)
  expect(catalog.snapshotRate('INR', 250)).toBe(25_000_000)
})
