/**
 * What QEMU must be started with to take over kept memory: the arguments of the QEMU that it is of, since
 * a device more, less or elsewhere is refused. They are read from that process and not put together
 * anew, so that a newer version of ours, which gives machines other devices, can still go on with it.
 */
import { readFile } from 'node:fs/promises'
import { EngineError } from '../../engine.ts'
import { type PluggedVolume, QEMU, ROOT_DEVICE, volumeArguments } from '../process/arguments.ts'
import type { Process } from '../process/processes.ts'

/** Those behind the program's name. */
export async function argumentsOf({ pid }: Process): Promise<string[]> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1)
  if (words[0]?.endsWith(QEMU) === true) return words.slice(1)
  throw new EngineError(`Process ${pid} is not QEMU any more`, { retryable: true })
}

/** Name of the block node that the root disk was started with. */
export function rootLayerIn(args: readonly string[]): string {
  const drive = args.map((arg) => new RegExp(`,id=${ROOT_DEVICE},drive=([^,]+)`).exec(arg)?.[1])
  const layer = drive.find((name) => name !== undefined)
  if (layer === undefined) throw new EngineError('QEMU was started without a root disk')
  return layer
}

/** MiB. */
export function memoryMibIn(args: readonly string[]): number {
  const size = Number(args[args.indexOf('-m') + 1])
  if (Number.isSafeInteger(size)) return size
  throw new EngineError('QEMU was started without a size of its memory')
}

/** A device of the host that is the guest's alone; what is in it cannot be kept. */
export function hasHostDevices(args: readonly string[]): boolean {
  return args.some((arg) => arg.startsWith('vfio-'))
}

/** For a QEMU that waits to be given the memory, on the layers and tap that are the machine's now. */
export function incomingArguments(
  { args, layer }: { readonly args: readonly string[]; readonly layer: string },
  now: { readonly layer: string; readonly tap: string; readonly volumes: readonly PluggedVolume[] },
): string[] {
  return [
    ...withoutVolumes(withoutIncoming(args)).map((arg) =>
      arg.replaceAll(layer, now.layer).replace(/^(tap,.*\bifname=)[^,]+/, `$1${now.tap}`),
    ),
    ...volumeArguments(now.volumes),
    ...['-incoming', 'defer'],
  ]
}

/** Those that it was started with may have gone since, and others come: the record says which it has. */
function withoutVolumes(args: readonly string[]): string[] {
  const devices = args.filter((arg) => arg.startsWith('{') && VOLUME.test(arg))
  const nodes = devices.map((device) => JSON.parse(device).drive)
  const isVolumes = (arg: string | undefined) =>
    arg !== undefined &&
    (devices.includes(arg) || (arg.startsWith('{') && nodes.includes(JSON.parse(arg)['node-name'])))
  return args.filter((arg, index) => !isVolumes(arg) && !isVolumes(args[index + 1]))
}

const VOLUME = /"id":"volume-\d+"/

/** The same for another machine, which begins as a copy of the one that they are of. */
export function argumentsAs(
  args: readonly string[],
  { from, to, mac }: { readonly from: string; readonly to: string; readonly mac: string },
): string[] {
  return args.map((arg) =>
    arg.replaceAll(from, to).replace(/^(virtio-net-pci,.*\bmac=)[0-9a-f:]+/, `$1${mac}`),
  )
}

/** It may itself have gone on from kept memory. */
function withoutIncoming(args: readonly string[]): string[] {
  return args.filter((arg, index) => arg !== '-incoming' && args[index - 1] !== '-incoming')
}
