/**
 * The GPUs of this host as sysfs shows them, and whether each could be given to a machine.
 *
 * A device can only be given away together with its whole IOMMU group: the hardware does not tell the
 * members of a group apart when they access memory. The other functions of the same card (its sound)
 * go with it and bridges stay; anything else in the group is an obstacle.
 *
 * Nothing is changed here. Group numbers differ from boot to boot, so they are not to be remembered.
 */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isMissing } from '../records/durable-files.ts'
import { modelOf } from './gpu-models.ts'

export type Gpu = {
  /** PCI address, such as `0000:01:00.0`. */
  readonly address: string
  /** Four hexadecimal digits each. */
  readonly vendor: string
  readonly device: string
  /** Name in the catalog, if it has one. */
  readonly model: string | null
  /** Kernel driver that has it now. */
  readonly driver: string | null
  /** Further functions of the same card, which go to a machine with it. */
  readonly companions: readonly string[]
  /** Why it cannot be given to a machine, as a sentence. */
  readonly obstacle: string | null
}

/** By their PCI class: VGA, 3D and other display controllers. */
const DISPLAY = ['0300', '0302', '0380']
const BRIDGE = '06'

/** @param root Where sysfs is mounted. Empty when the host has no PCI bus. */
export async function discoverGpus(root = '/sys'): Promise<Gpu[]> {
  const addresses = await listFolder(join(root, 'bus/pci/devices'))
  const devices = await Promise.all(addresses.map((address) => readDevice(root, address)))
  const gpus = devices.filter(({ class: code }) => DISPLAY.includes(code.slice(0, 4)))
  return gpus
    .map((gpu) => describe(gpu, devices))
    .sort((one, other) => (one.address < other.address ? -1 : 1))
}

type Device = {
  readonly address: string
  /** Six hexadecimal digits. */
  readonly class: string
  readonly vendor: string
  readonly device: string
  readonly driver: string | null
  readonly group: string | null
  /** The firmware shows its screen here. */
  readonly isBootDisplay: boolean
}

function describe(gpu: Device, devices: readonly Device[]): Gpu {
  const { address, vendor, device, driver } = gpu
  const companions = devices
    .filter((other) => other !== gpu && cardOf(other) === cardOf(gpu))
    .map((other) => other.address)
    .sort()
  const model = modelOf(vendor, device)
  return { address, vendor, device, model, driver, companions, obstacle: obstacleTo(gpu, devices) }
}

function obstacleTo(gpu: Device, devices: readonly Device[]): string | null {
  if (gpu.group === null)
    return (
      'The host has no IOMMU, or it is off: turn on VT-d or AMD-Vi in the firmware ' +
      'and add intel_iommu=on to the kernel arguments on Intel'
    )
  if (gpu.isBootDisplay) return 'The host shows its own console on it'
  const strangers = devices.filter(
    (other) =>
      other.group === gpu.group && cardOf(other) !== cardOf(gpu) && !other.class.startsWith(BRIDGE),
  )
  if (strangers.length === 0) return null
  const names = strangers.map(({ address }) => address).sort()
  return `It shares its IOMMU group with ${names.join(', ')}: move the card to another slot`
}

/** Functions of one card have the same address up to the dot. */
function cardOf({ address }: Device): string {
  return address.slice(0, address.lastIndexOf('.'))
}

async function readDevice(root: string, address: string): Promise<Device> {
  const folder = join(root, 'bus/pci/devices', address)
  const attribute = async (name: string) => (await readAttribute(join(folder, name))) ?? ''
  return {
    address,
    class: hexDigits(await attribute('class')),
    vendor: hexDigits(await attribute('vendor')),
    device: hexDigits(await attribute('device')),
    driver: await linkedName(join(folder, 'driver')),
    group: await linkedName(join(folder, 'iommu_group')),
    isBootDisplay: (await attribute('boot_vga')) === '1',
  }
}

/** `0x10de` to `10de`. */
function hexDigits(value: string): string {
  return value.replace(/^0x/, '')
}

function readAttribute(path: string): Promise<string | null> {
  return unlessMissing(readFile(path, 'utf8').then((text) => text.trim()))
}

function linkedName(path: string): Promise<string | null> {
  return unlessMissing(readlink(path).then((target) => basename(target)))
}

async function listFolder(path: string): Promise<string[]> {
  return (await unlessMissing(readdir(path))) ?? []
}

async function unlessMissing<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
