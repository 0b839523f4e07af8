/**
 * Where microVMs stand.
 *
 *     DATA/microvms/machines/<uuid>.json     DATA/microvms/snapshots/<uuid>.json
 *     DATA/microvms/layers/                  disks, each over the one that it began from; see disks/layers.ts
 *     DATA/microvms/images/                  images of registries among the layers; see images/kept.ts
 *     DATA/microvms/unpacking/<random>/      of such an image, until it is a layer
 *     DATA/microvms/memory/<name>.ram        memory as it was, sparse; nobody writes to it again
 *     DATA/microvms/memory/<name>.state      everything else of that machine
 *     DATA/microvms/memory/empty-<MiB>.ram   what a machine begins with that boots
 *     DATA/microvms/slots/<slot>/            log of a QEMU, and the file that it writes its state to
 *     /run/garrison-<mark>-microvms/<slot>/  sockets of a QEMU
 */
import { join } from 'node:path'

/** The state that was written with this memory. */
export const stateBeside = (ram: string) => ram.replace(/\.ram$/, '.state')

export type MicrovmPaths = ReturnType<typeof microvmPathsOf>

export function microvmPathsOf(dataDir: string, mark: string) {
  const data = join(dataDir, 'microvms')
  const memory = join(data, 'memory')
  const run = join('/run', `garrison-${mark}-microvms`)
  const slot = (name: string) => join(data, 'slots', name)
  return {
    ...{ data, memory, run, slot },
    machines: join(data, 'machines'),
    snapshots: join(data, 'snapshots'),
    layers: join(data, 'layers'),
    slots: join(data, 'slots'),
    images: join(data, 'images'),
    unpacking: join(data, 'unpacking'),
    ram: (name: string) => join(memory, `${name}.ram`),
    state: (name: string) => join(memory, `${name}.state`),
    stateOut: (name: string) => join(slot(name), 'state'),
    log: (name: string) => join(slot(name), 'qemu.log'),
    runFolder: (name: string) => join(run, name),
    sockets: (name: string) => ({
      qmp: join(run, name, 'qmp.sock'),
      agent: join(run, name, 'agent.sock'),
      serial: join(run, name, 'serial.sock'),
    }),
  }
}
