/**
 * A snapshot with memory: disk and memory at one point in time, while the guest hardly notices. QEMU sends
 * memory as if to another host, again and again what has changed, until little is left; then it stops the
 * processors and waits for us to exchange the disk's layer before it sends the rest.
 *
 *     guest runs      memory ──► file
 *     guest is still  layer exchanged, rest of memory ──► file       well under a second
 *     guest runs
 *
 * A guest that writes faster than that is slowed down, then still for longer, then refused; it never is still
 * for as long as all of its memory takes. A machine that begins as the snapshot is a hibernated one, on
 * a layer of its own, that is told who it is when it goes on; see identity.ts.
 */
import { link, mkdir, rm } from 'node:fs/promises'
import { EngineError, type MachineSpec, UnsupportedError } from '../../engine.ts'
import { requireFreeSpace } from '../disks/free-space.ts'
import { runInGuest } from '../guest/programs.ts'
import type { LiveMachine } from '../live-machine.ts'
import type { Log } from '../machines.ts'
import type { Paths } from '../paths.ts'
import type { MachineRecord, MemoryRecord } from '../records/records.ts'
import type { Store } from '../records/store.ts'
import {
  argumentsAs,
  hasHostDevices,
  memoryMibIn,
  notedArguments,
  rootLayerIn,
} from './arguments.ts'
import { versionOf } from './hibernation.ts'
import { CONTINUE_AS } from './identity.ts'
import { letGoOn, limitsOf, saveMemory } from './migration.ts'

/** Of its memory may be sent: all of it once, and what the guest writes meanwhile. */
const PASSES = 1.5
const PACE = { stillMs: 100, mostStillMs: 2_000, patienceMs: 5_000, giveUpMs: 60_000 }

type Deps = { readonly store: Store; readonly paths: Paths; readonly log: Log }

export type Capture = {
  readonly machine: string
  readonly snapshot: string
  readonly record: MachineRecord
  readonly live: LiveMachine
  /** Is there as a file, and takes over from the active layer. */
  readonly overlay: string
}

/** Throws {@link UnsupportedError} where a restore could not be told from the machine it is of. */
export async function requireMemorySnapshot(
  paths: Paths,
  machine: string,
  { volumes }: MachineRecord,
  live: LiveMachine,
): Promise<void> {
  if (volumes.length > 0)
    throw new UnsupportedError(
      'Its volumes would be missing from what begins as the snapshot; detach them, or take it without memory',
    )

  const args = await notedArguments(paths, machine)
  if (hasHostDevices(args))
    throw new UnsupportedError(
      "What is in a device of the host's cannot be kept; take the snapshot without memory",
    )
  await requireFreeSpace(paths.snapshots, limitsOf(memoryMibIn(args), PASSES).bytes)
  if (!live.guest.isUp)
    throw new EngineError('Its guest is not up yet; take the snapshot when it is', {
      retryable: true,
    })
  const able = await runInGuest(live.guest.ask, CONTINUE_AS, ['able']).catch(() => null)
  if (able !== 0)
    throw new UnsupportedError(
      'Its image has no way to become another machine while it runs; take the snapshot without memory',
    )
}

/** The guest writes to the overlay afterwards, and runs whatever is thrown. */
export async function captureMemory(
  { store, paths, log }: Deps,
  { machine, snapshot, record, live, overlay }: Capture,
  signal: AbortSignal,
): Promise<MemoryRecord> {
  const args = await notedArguments(paths, machine)
  const door = {
    ...{ uid: record.uid, gid: record.gid },
    ...{ folder: paths.runFolder(machine), socket: paths.memorySocket(machine) },
  }
  let stillSince = Number.NaN
  const exchange = async () => {
    stillSince = performance.now()
    await live.switchNode(record.activeLayer, overlay)
    log('debug', 'snapshot: QEMU switched', { machine, snapshot })
    await live.execute('migrate-continue', { state: 'pre-switchover' })
  }
  await live.addNode(overlay, store.layers.path(overlay))
  try {
    const file = paths.snapshotMemory(snapshot)
    const options = { ...PACE, beforeLast: exchange, onSent: () => letGoOn(live) }
    const limits = limitsOf(memoryMibIn(args), PASSES)
    const { sizeBytes } = await saveMemory(live, file, door, limits, signal, options)
    const layer = rootLayerIn(args)
    return { args, sizeBytes, layer, volumes: [], qemu: await versionOf(live) }
  } finally {
    await letGoOn(live)
    const ms = Math.round(performance.now() - stillSince)
    log('debug', 'snapshot: the guest goes on', { machine, ms })
  }
}

/**
 * Gives a machine that is to begin as a snapshot what that had in memory, as if it had been hibernated;
 * `null` when it holds none. Leaves the snapshot as it is.
 */
export async function beginFromMemory(
  store: Store,
  paths: Paths,
  { id, address, source }: Pick<MachineSpec, 'id' | 'address' | 'source'>,
): Promise<MemoryRecord | null> {
  const taken = source.kind === 'snapshot' ? store.snapshots.get(source.id) : undefined
  if (source.kind !== 'snapshot' || !taken?.memory || taken.machine === null) return null
  await mkdir(paths.machineFolder(id), { recursive: true, mode: 0o711 })
  await rm(paths.memory(id), { force: true })
  // Never written to, so that both may have the same.
  await link(paths.snapshotMemory(source.id), paths.memory(id))
  const args = argumentsAs(taken.memory.args, { from: taken.machine, to: id, mac: address.mac })
  return { ...taken.memory, args }
}
