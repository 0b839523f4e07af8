/**
 * Where everything of this engine stands.
 *
 *     DATA/machines/<uuid>/   machine.json, console.log, qemu.log, arguments.json of its QEMU,
 *                             memory.zst when it is hibernated
 *     DATA/layers/            disk layers, each naming the one below it relative to this folder
 *     DATA/strays.json        layers and memory that nothing points to, and since when; see disks/strays.ts
 *     DATA/snapshots/         <uuid>.json, each pointing to a layer, and <uuid>.memory.zst
 *     DATA/images/            <uuid>.json, likewise
 *     DATA/volumes/           <uuid>.json, likewise
 *     DATA/exports/            <uuid>.qcow2 and <uuid>.json: snapshots as files, until somebody has read them
 *     DATA/uploads/            <uuid>.part: files on their way in
 *     DATA/boot/<recipe>/     kernel, initrd and arguments of the OS images in use
 *     DATA/fences/            the highest fence seen of each thing, also of things that are gone
 *     DATA/networks/          belongs to the network
 *     /run/garrison-<mark>/<uuid>/   sockets of a running machine
 *
 * Sockets are not in DATA because the name of a unix socket has at most 107 bytes and DATA may be
 * anywhere. Nothing there needs to outlive a reboot of the host. QEMU reaches everything else by
 * absolute paths under users of its own, so every folder above must let strangers pass (`o+x`).
 */
import { join } from 'node:path'
import { EngineError } from '../engine.ts'

/** Ends the name of a snapshot's memory, behind its id. */
export const MEMORY_SUFFIX = '.memory.zst'

/** Of a machine's memory, in its folder. */
export const MEMORY_FILE = 'memory.zst'

export type Paths = ReturnType<typeof pathsOf>

export function pathsOf(dataDir: string, mark: string) {
  const machines = join(dataDir, 'machines')
  const run = join('/run', `garrison-${mark}`)
  const runFolder = (machine: string) => join(run, asUuid(machine))
  return {
    data: dataDir,
    machines,
    layers: join(dataDir, 'layers'),
    snapshots: join(dataDir, 'snapshots'),
    images: join(dataDir, 'images'),
    volumes: join(dataDir, 'volumes'),
    strays: join(dataDir, 'strays.json'),
    exports: join(dataDir, 'exports'),
    uploads: join(dataDir, 'uploads'),
    boot: join(dataDir, 'boot'),
    fences: join(dataDir, 'fences'),
    networks: join(dataDir, 'networks'),
    run,
    machineFolder: (machine: string) => join(machines, asUuid(machine)),
    consoleLog: (machine: string) => join(machines, asUuid(machine), 'console.log'),
    /** What QEMU itself says. */
    processLog: (machine: string) => join(machines, asUuid(machine), 'qemu.log'),
    /** What its QEMU was started with. */
    arguments: (machine: string) => join(machines, asUuid(machine), 'arguments.json'),
    snapshotMemory: (snapshot: string) =>
      join(dataDir, 'snapshots', asUuid(snapshot) + MEMORY_SUFFIX),
    /** What was in its memory when it was hibernated. */
    memory: (machine: string) => join(machines, asUuid(machine), MEMORY_FILE),
    runFolder,
    qmp: (machine: string) => join(runFolder(machine), 'qmp.sock'),
    serial: (machine: string) => join(runFolder(machine), 'serial.sock'),
    agent: (machine: string) => join(runFolder(machine), 'agent.sock'),
    /** Through which memory goes to and from QEMU. */
    memorySocket: (machine: string) => join(runFolder(machine), 'memory.sock'),
    display: (machine: string) => join(runFolder(machine), 'display.sock'),
    metaData: (machine: string) => join(runFolder(machine), 'meta-data'),
    userData: (machine: string) => join(runFolder(machine), 'user-data'),
  }
}

/** Ids become parts of paths and of QEMU's arguments, so nothing else is let in. */
export function asUuid(id: string): string {
  if (isUuid(id)) return id
  throw new EngineError(
    `Not the UUID of a machine, snapshot, image or volume: ${JSON.stringify(id)}`,
  )
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}
