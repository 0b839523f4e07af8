/**
 * What QEMU must be started with to take over kept memory: the arguments of the QEMU that it is of. One
 * with a device less ends while it reads, and in one with a device more the guest meets what it does not
 * know. They are kept and not put together anew, so that a newer version of ours, which gives machines
 * other devices, can still go on with it. What the process itself shows as its arguments counts for
 * nothing: a guest that has taken over its QEMU decides that.
 */
import { writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { EngineError } from '../../engine.ts'
import type { Paths } from '../paths.ts'
import { type PluggedVolume, ROOT_DEVICE, volumeArguments } from '../process/arguments.ts'
import { readIfThere } from '../records/durable-files.ts'

const Arguments = z.array(z.string())

/** Call it before the process is there: what a crash leaves half written then belongs to none. */
export async function noteArguments(paths: Paths, id: string, args: readonly string[]) {
  await writeFile(paths.arguments(id), JSON.stringify(args), { mode: 0o600 })
}

/** What the machine's process was started with, behind the program's name. */
export async function notedArguments(paths: Paths, id: string): Promise<string[]> {
  const text = await readIfThere(paths.arguments(id))
  if (text !== null) return Arguments.parse(JSON.parse(text))
  throw new EngineError(
    'It was started by an earlier version, and its memory cannot be kept; stop and start it first',
  )
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
