/** A snapshot of a machine, its disk and its memory at one point in time: while it runs, or as it was suspended. */
import { link, stat } from 'node:fs/promises'
import { NotRunningError } from '../../engine.ts'
import { newLayerName } from '../disks/layers.ts'
import { capture, makeSafe } from './capture.ts'
import { giveBack, keeperOf } from './given.ts'
import type { MicrovmHost } from './host.ts'
import { stateBeside } from './paths.ts'
import type { MicrovmRecord, MicrovmSnapshotRecord } from './records.ts'

/** In the machine's turn; it goes on whatever happens, or stays suspended. */
export function takeMicrovmSnapshot(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
  snapshot: string,
): Promise<MicrovmSnapshotRecord> {
  return record.suspended
    ? ofSuspended(host, id, record, snapshot)
    : ofRunning(host, id, record, snapshot)
}

/** Its memory is in files that never change, so they get another name. */
async function ofSuspended(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
  snapshot: string,
): Promise<MicrovmSnapshotRecord> {
  const { tenant, gid, vcpus, memoryMib, env, layer, ram, qemu } = record
  if (qemu === null) throw new NotRunningError('Its memory is not there; resume it first')
  if (record.holdsEnv)
    throw new NotRunningError(
      'Its agent did not answer when it was suspended, so its memory holds the environment that it was given at start, which no snapshot may have; resume it and ask again while it runs',
    )
  const overlay = newLayerName()
  using _pin = host.layers.pin(overlay)
  using _below = host.layers.pin(layer)
  await host.layers.createOverlay(overlay, layer, { uid: 0, gid })
  const name = host.newMemory()
  try {
    await link(ram, host.paths.ram(name))
    await link(stateBeside(ram), host.paths.state(name))
    await host.machines.put(id, { ...record, layer: overlay })
    await host.layers.freezeBelow(overlay, gid)
    const { blocks } = await stat(ram)
    const taken: MicrovmSnapshotRecord = {
      ...{ tenant, gid, vcpus, memoryMib, isPublic: false, layer, env, pausedMs: 0 },
      sizeBytes: blocks * 512 + (await host.layers.bytesAboveOs(layer)),
      memory: { name, qemu, unsafeSince: host.bootId },
    }
    await keepSnapshot(host, snapshot, taken)
    return taken
  } finally {
    host.pinned.delete(name)
  }
}

async function ofRunning(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
  snapshot: string,
): Promise<MicrovmSnapshotRecord> {
  const live = host.live.get(id)
  if (live === undefined || record.slot === null) throw new NotRunningError('Its process has ended')
  const { slot } = record
  const overlay = newLayerName()
  const owner = { uid: slot.uid, gid: slot.gid }
  using _pin = host.layers.pin(overlay)
  using _below = host.layers.pin(record.layer)
  await host.layers.createOverlay(overlay, record.layer, owner)
  const name = host.newMemory()
  try {
    const { gid } = record
    const files = await host.captureFiles(slot, record.ram, name, gid)
    const captured = await capture(
      live,
      files,
      async () => {
        const { given } = host.machines.get(id) ?? record
        await host.machines.put(id, { ...record, layer: overlay, given }, { durable: false })
        host.tell('snapshot: overlay announced', id)
        await live.switchDisk(overlay, host.layers.path(overlay))
        host.tell('snapshot: disk switched', id)
      },
      { goesOn: true, keep: keeperOf(host, id) },
    )
    host.tell('snapshot: captured', id)
    await host.layers.freezeBelow(overlay, gid)
    const { tenant, vcpus, memoryMib, env } = record
    const sizeBytes = captured.sizeBytes + (await host.layers.bytesAboveOs(record.layer))
    const taken: MicrovmSnapshotRecord = {
      ...{ tenant, gid, vcpus, memoryMib, isPublic: false, layer: record.layer, env, sizeBytes },
      memory: { name, qemu: await live.version(), unsafeSince: host.bootId },
      pausedMs: captured.pausedMs,
    }
    await keepSnapshot(host, snapshot, taken)
    return taken
  } finally {
    host.pinned.delete(name)
    await giveBack(host, id, live)
  }
}

/** Recorded at once, and safe from a power failure a little later. */
export async function keepSnapshot(
  host: MicrovmHost,
  id: string,
  record: MicrovmSnapshotRecord,
): Promise<void> {
  await host.snapshots.put(id, record)
  const { name } = record.memory
  void makeSafe([host.paths.ram(name), host.paths.state(name), host.paths.memory])
    .then(async () => {
      if (host.snapshots.get(id) !== record) return
      await host.snapshots.put(id, { ...record, memory: { ...record.memory, unsafeSince: null } })
    })
    .catch((error: unknown) => {
      if (host.snapshots.get(id) === record)
        host.options.log('warn', 'memory of a snapshot is not safe', { snapshot: id, error })
    })
}
