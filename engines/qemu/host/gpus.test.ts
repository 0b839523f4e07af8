import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { discoverGpus } from './gpus.ts'
import { countByModel } from './inventory.ts'

/** A device as in fixtures/recorded-pci.json: where it stands in sysfs, what its files and links say. */
type Device = {
  at: string
  class: string
  vendor: string
  device: string
  boot_vga?: string
  driver?: string
  iommu_group?: string
}

const { devices: recorded } = JSON.parse(
  await readFile(join(import.meta.dirname, 'fixtures/recorded-pci.json'), 'utf8'),
) as { devices: Record<string, Device> }

/** Not recorded: what a server with these cards would look like. */
const H100: Device = {
  at: 'devices/pci0000:80/0000:80:01.0/0000:81:00.0',
  class: '0x030200',
  vendor: '0x10de',
  device: '0x2331',
  driver: '../../../../bus/pci/drivers/nouveau',
  iommu_group: '../../../../kernel/iommu_groups/40',
}

let sysfs: string

beforeEach(async () => {
  sysfs = await mkdtemp(join(tmpdir(), 'garrison-sysfs-'))
})

afterEach(() => rm(sysfs, { recursive: true }))

describe('on the recorded host', () => {
  test('display controllers are found, and nothing else', async () => {
    await lay(recorded)
    const addresses = (await discoverGpus(sysfs)).map(({ address }) => address)
    expect(addresses).toEqual(['0000:00:05.0', '0000:03:01.0'])
  })

  test('the sound of a card goes with it', async () => {
    await lay(recorded)
    const [card] = await discoverGpus(sysfs)
    expect(card?.companions).toEqual(['0000:00:05.1'])
  })

  test('the card that shows the console of the host stays with it', async () => {
    await lay(recorded)
    const [card] = await discoverGpus(sysfs)
    expect(card?.obstacle).toBe('The host shows its own console on it')
  })

  test('a stranger in the group is named, a bridge in it is none', async () => {
    await lay(recorded)
    const [, card] = await discoverGpus(sysfs)
    expect(card?.obstacle).toBe(
      'It shares its IOMMU group with 0000:03:02.0: move the card to another slot',
    )
  })

  test('unknown models are not counted', async () => {
    await lay(recorded)
    expect(countByModel(await discoverGpus(sysfs))).toEqual([])
  })
})

describe('on a server with cards of the catalog', () => {
  test('a card alone in its group can be given to a machine', async () => {
    await lay({ '0000:81:00.0': H100 })
    expect(await discoverGpus(sysfs)).toEqual([
      {
        address: '0000:81:00.0',
        vendor: '10de',
        device: '2331',
        model: 'H100-PCIe-80GB',
        driver: 'nouveau',
        companions: [],
        obstacle: null,
      },
    ])
  })

  test('cards are counted by model', async () => {
    await lay({
      '0000:81:00.0': H100,
      '0000:82:00.0': { ...H100, iommu_group: '../../../../kernel/iommu_groups/41' },
      '0000:83:00.0': {
        ...H100,
        device: '0x2230',
        iommu_group: '../../../../kernel/iommu_groups/42',
      },
    })
    expect(countByModel(await discoverGpus(sysfs))).toEqual([
      { model: 'H100-PCIe-80GB', count: 2 },
      { model: 'RTX-A6000', count: 1 },
    ])
  })

  test('two cards in one group are not counted, as neither goes without the other', async () => {
    await lay({ '0000:81:00.0': H100, '0000:82:00.0': H100 })
    expect(countByModel(await discoverGpus(sysfs))).toEqual([])
  })

  test('without an IOMMU it says how to turn it on', async () => {
    const { iommu_group: _, ...device } = H100
    await lay({ '0000:81:00.0': device })
    const [card] = await discoverGpus(sysfs)
    expect(card?.obstacle).toContain('intel_iommu=on')
  })
})

test('a host without a PCI bus has no GPUs', async () => {
  expect(await discoverGpus(sysfs)).toEqual([])
})

/** Writes the devices as the kernel shows them. */
async function lay(devices: Readonly<Record<string, Device>>): Promise<void> {
  for (const [address, { at, driver, iommu_group, ...files }] of Object.entries(devices)) {
    const folder = join(sysfs, dirname(at), address)
    await mkdir(folder, { recursive: true })
    for (const [name, value] of Object.entries(files))
      await writeFile(join(folder, name), `${value}\n`)
    if (driver !== undefined) await symlink(driver, join(folder, 'driver'))
    if (iommu_group !== undefined) await symlink(iommu_group, join(folder, 'iommu_group'))
    await mkdir(join(sysfs, 'bus/pci/devices'), { recursive: true })
    await symlink(join('../../..', dirname(at), address), join(sysfs, 'bus/pci/devices', address))
  }
}
