/**
 * Hibernation: a machine's memory goes to disk and its process ends; later another process goes on with
 * it. Memory and disk belong together at one point in time, so at each point of a crash there must be
 * either both, or the disk alone:
 *
 *     1  processors stop              it can go on as if nothing had been
 *     2  memory is written, synced    likewise
 *     3  record: hibernation = …      it is hibernated; a process that is left is ended, never continued
 *     4  process ends                 done
 *
 *     5  another process reads it     still hibernated
 *     6  record: hibernation = null   its memory is in that process alone
 *     7  processors run               done; the file goes
 *
 * The last two are letRun in boot.ts. A host that fails between them loses the memory, as in any power cut,
 * and boots from a disk that fits to it. The other order could continue memory on a disk that has moved on,
 * which destroys file systems.
 */
import { rm } from 'node:fs/promises'
import { z } from 'zod'
import { EngineError, type HibernationResult } from '../../engine.ts'
import { requireFreeSpace } from '../disks/free-space.ts'
import type { LiveMachine } from '../live-machine.ts'
import type { Log, Machines } from '../machines.ts'
import type { Paths } from '../paths.ts'
import { pluggedAmong } from '../plugging.ts'
import { stopMachine } from '../power.ts'
import { syncPath, UNFINISHED } from '../records/durable-files.ts'
import type { MachineRecord, MemoryRecord } from '../records/records.ts'
import type { Store } from '../records/store.ts'
import { hasHostDevices, memoryMibIn, notedArguments, rootLayerIn } from './arguments.ts'
import { letGoOn, limitsOf, loadMemory, saveMemory } from './migration.ts'

/** For a guest that must shut down because its memory cannot be kept. */
const SHUTDOWN_MS = 60_000

const Version = z.object({
  qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }),
})

export type HibernationDeps = {
  readonly store: Store
  readonly machines: Machines
  readonly paths: Paths
  readonly log: Log
}

/** In the machine's turn. Whatever it throws, a machine that ran goes on. */
export async function hibernate(
  deps: HibernationDeps,
  id: string,
  signal: AbortSignal,
): Promise<HibernationResult> {
  const { machines, store, log } = deps
  const { record, live } = await machines.current(id)
  if (record.hibernation !== null) {
    // A process that is left knows nothing that is not on disk.
    if (live !== undefined) await machines.end(id, live)
    return { memory: record.hibernation.memory !== null }
  }
  if (live === undefined && record.power.state === 'on')
    throw new EngineError(
      'Its process has ended and its memory is gone; start it, then hibernate it',
    )
  const args = live === undefined ? null : await notedArguments(deps.paths, id)
  if (live === undefined || args === null || hasHostDevices(args)) {
    if (live !== undefined) await stopMachine(machines, id, SHUTDOWN_MS, signal)
    await machines.change(id, { hibernation: { memory: null } })
    return { memory: false }
  }
  await requireFreeSpace(deps.paths.machineFolder(id), limitsOf(memoryMibIn(args), 1).bytes)
  try {
    const memory = await keepMemory(deps, id, { record, live, args }, signal)
    log('debug', 'hibernation: memory kept', { machine: id, bytes: memory.sizeBytes })
    await machines.change(id, { hibernation: { memory } })
  } catch (error) {
    // Written, and not known to be safe. It must not be found when the guest has gone on.
    if ((await store.machines.readAgain(id))?.hibernation) await store.machines.put(id, record)
    await letGoOn(live).catch(() => {})
    await rm(deps.paths.memory(id), { force: true })
    throw error
  }
  log('debug', 'hibernation: recorded', { machine: id })
  await machines.end(id, live)
  return { memory: true }
}

async function keepMemory(
  { store, paths, log }: HibernationDeps,
  id: string,
  { record, live, args }: { record: MachineRecord; live: LiveMachine; args: string[] },
  signal: AbortSignal,
): Promise<MemoryRecord> {
  await holdStill(live)
  log('debug', 'hibernation: processors stopped', { machine: id })
  const door = {
    ...{ uid: record.uid, gid: record.gid },
    ...{ folder: paths.runFolder(id), socket: paths.memorySocket(id) },
  }
  const limits = limitsOf(memoryMibIn(args), 1)
  const { sizeBytes } = await saveMemory(live, paths.memory(id), door, limits, signal)
  await syncPath(store.layers.path(record.activeLayer))
  const volumes = await pluggedAmong(live, record.volumes)
  return { args, sizeBytes, layer: rootLayerIn(args), volumes, qemu: await versionOf(live) }
}

async function holdStill(live: LiveMachine): Promise<void> {
  const state = await live.runState()
  if (state === 'io-error')
    throw new EngineError(
      "QEMU has paused it because its disk could not be written; make room on the host's disk and start it",
    )
  // It was kept before, and nobody wrote that down; QEMU does not write the same twice.
  if (state === 'postmigrate') await live.resume()
  if (state !== 'paused') await live.pause()
}

/**
 * Fills a QEMU that was started for it with the memory that was kept. Throws {@link EngineError} with what
 * to do when it cannot be read.
 */
export async function takeUpMemory(
  live: LiveMachine,
  paths: Paths,
  id: string,
  { memory, wayOut = WAY_OUT }: { memory: MemoryRecord; wayOut?: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const version = await versionOf(live)
  if (release(version) !== release(memory.qemu))
    throw new EngineError(
      `Its memory was kept by QEMU ${memory.qemu} and this host has QEMU ${version}; ${wayOut}`,
    )
  const file = paths.memory(id)
  try {
    await loadMemory(live, { file, sizeBytes: memory.sizeBytes }, paths.memorySocket(id), signal)
  } catch (cause) {
    if (signal.aborted) throw cause
    const words = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError(`Its memory cannot be read: ${words}; ${wayOut}`, { cause })
  }
}

const WAY_OUT =
  'restore it with {"cold_boot": true} to boot from its disk, which is as if its power had been cut'

/** Fixes within a release keep what is written readable; anything else is not promised for all devices. */
const release = (version: string) => version.split('.').slice(0, 2).join('.')

export async function versionOf(live: LiveMachine): Promise<string> {
  const { qemu } = Version.parse(await live.execute('query-version'))
  return `${qemu.major}.${qemu.minor}.${qemu.micro}`
}

/** What a machine that is not hibernated may have left. */
export async function forgetMemory(paths: Paths, id: string): Promise<void> {
  await rm(paths.memory(id), { force: true })
  await rm(paths.memory(id) + UNFINISHED, { force: true })
}
