/** Volumes into and out of a running machine. */

import { EngineError } from '../engine.ts'
import { found } from './disks/source.ts'
import type { LiveMachine } from './live-machine.ts'
import {
  blockNode,
  type PluggedVolume,
  portName,
  volumeDevice,
  volumeDisk,
} from './process/arguments.ts'
import { QmpError } from './process/qmp.ts'
import { type Attachments, pluggedVolumes, takeVolumes } from './records/attachments.ts'
import type { Store } from './records/store.ts'
import { happens } from './waiting.ts'

/** Throws {@link EngineError} when it was started with fewer ports than these need. */
export async function requirePorts(
  live: LiveMachine,
  volumes: readonly Pick<PluggedVolume, 'port'>[],
): Promise<void> {
  const devices = await live.devices()
  if (volumes.every(({ port }) => devices.has(portName(port)))) return
  throw new EngineError(
    'The machine has no free port for that many volumes while it runs; stop it, attach them, and start it again',
  )
}

/** What opens files comes first: it is what may fail. */
export async function plug(live: LiveMachine, volumes: readonly PluggedVolume[]): Promise<void> {
  const devices = await live.devices()
  const missing = volumes.filter(({ port }) => !devices.has(volumeDevice(port)))
  for (const { node, path } of missing)
    if (!(await live.nodes()).has(node)) await live.execute('blockdev-add', blockNode(node, path))
  for (const volume of missing) await live.execute('device_add', volumeDisk(volume))
}

/** Has the guest look how large its disks are: they may have grown while it was not there to be told. */
export async function tellSizes(store: Store, id: string, live: LiveMachine): Promise<void> {
  const { activeLayer, volumes } = found(store.machines.get(id), `machine ${id}`)
  const ids = volumes.map((volume) => volume.id)
  for (const node of [activeLayer, ...pluggedVolumes(store, id, ids).map((each) => each.node)]) {
    const size = store.layers.virtualSizeBytes(node)
    await live.execute('block_resize', { 'node-name': node, size })
  }
}

/**
 * Asks the guest to let go of them all at once, and removes them from QEMU. Answers those
 * that it has kept after `ms` milliseconds.
 */
export async function unplug(
  live: LiveMachine,
  volumes: readonly PluggedVolume[],
  ms: number,
  signal: AbortSignal,
  chainOf: (node: string) => readonly string[],
): Promise<readonly PluggedVolume[]> {
  const names = volumes.map(({ port }) => volumeDevice(port))
  const present = await live.devices()
  const released = Promise.all(
    names
      .filter((name) => present.has(name))
      .map(async (name) => {
        const gone = live.nextRelease(name)
        await askToRelease(live, name)
        // It may have gone before we listened.
        if ((await live.devices()).has(name)) await gone
      }),
  )
  if (!(await happens(released, ms, signal))) {
    const left = await live.devices()
    const kept = volumes.filter(({ port }) => left.has(volumeDevice(port)))
    if (kept.length > 0) return kept
  }
  for (const { node } of volumes) await removeNodes(live, chainOf(node))
  return []
}

/**
 * The machine has these volumes no more. Throws {@link EngineError}, with all of them in their places, when
 * its guest keeps one for longer than `ms` milliseconds.
 */
export async function releaseVolumes(
  store: Store,
  machine: string,
  live: LiveMachine | undefined,
  volumes: readonly string[],
  { ms, signal, onUnplugged }: { ms: number; signal: AbortSignal; onUnplugged?: () => void },
): Promise<void> {
  if (live !== undefined) {
    const held = pluggedVolumes(store, machine, volumes)
    const kept = await unplug(live, held, ms, signal, (node) => store.layers.chain(node))
    if (kept.length > 0) {
      await plug(live, held)
      throw new EngineError(
        `The guest did not let go of ${kept.map(({ serial }) => serial).join(', ')} within ${ms / 1000} s; unmount it there and try again, or stop the instance first`,
      )
    }
  }
  onUnplugged?.()
  await takeVolumes(store, machine, new Set(volumes))
}

/** Plugs what the machine has by its record and not in its QEMU. */
export async function plugRecorded(
  store: Store,
  machine: string,
  live: LiveMachine,
): Promise<void> {
  const volumes = store.machines.get(machine)?.volumes ?? []
  if (volumes.length === 0) return
  await requirePorts(live, volumes)
  await plug(
    live,
    pluggedVolumes(
      store,
      machine,
      volumes.map(({ id }) => id),
    ),
  )
}

/** Those of these volumes that QEMU has, whether or not their guest has noticed them. */
export async function pluggedAmong(live: LiveMachine, volumes: Attachments): Promise<Attachments> {
  const devices = await live.devices()
  return volumes.filter(({ port }) => devices.has(volumeDevice(port)))
}

/** QEMU refuses to ask again while the guest still thinks; what it was asked counts. */
async function askToRelease(live: LiveMachine, name: string): Promise<void> {
  try {
    await live.execute('device_del', { id: name })
  } catch (error) {
    const answered =
      error instanceof QmpError && /in the process of unplug|not found/.test(error.message)
    if (!answered) throw error
  }
}

/** From the top; what is below may be shared with another disk of the same machine, and then stays. */
async function removeNodes(live: LiveMachine, chain: readonly string[]): Promise<void> {
  const nodes = await live.nodes()
  for (const [depth, node] of chain.entries()) {
    if (!nodes.has(node)) continue
    try {
      await live.execute('blockdev-del', { 'node-name': node })
    } catch (error) {
      if (depth === 0 || !(error instanceof QmpError)) throw error
    }
  }
}
