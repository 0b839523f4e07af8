/**
 * A snapshot as one file that needs nothing else: all its layers down to the bottom of the OS image,
 * compressed. Made once, kept until somebody says that it is to go, and read in any order meanwhile.
 *
 *     DATA/exports/<uuid>.qcow2   appears when it is whole
 *     DATA/exports/<uuid>.json    written after it; says size and checksum
 */
import { chmod, chown, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { EngineError, type ExportResult, NotFoundError, type Order } from '../../engine.ts'
import type { Locks } from '../../locks.ts'
import { requireFreeSpace } from '../disks/free-space.ts'
import { found } from '../disks/source.ts'
import type { Log } from '../machines.ts'
import type { Orders } from '../orders.ts'
import { asUuid, type Paths } from '../paths.ts'
import { isMissing, removeDurably, syncPath, UNFINISHED } from '../records/durable-files.ts'
import type { ExportRecord } from '../records/records.ts'
import type { Store } from '../records/store.ts'
import { ConfinedFailure, runConfined, sha256Of } from './confined.ts'

export type TransferDeps = {
  readonly store: Store
  readonly paths: Paths
  readonly orders: Orders
  /** One conversion at a time for each tenant: it takes a processor and the disk. */
  readonly converting: Locks
  readonly log: Log
}

export function exportSnapshot(
  deps: TransferDeps,
  exportId: string,
  snapshot: string,
  order: Order,
): Promise<ExportResult> {
  return deps.orders.run(exportId, order, (signal) =>
    ensureExport(deps, exportId, snapshot, signal),
  )
}

async function ensureExport(
  deps: TransferDeps,
  exportId: string,
  snapshot: string,
  signal: AbortSignal,
): Promise<ExportResult> {
  const { store, converting } = deps
  const finished = store.exports.get(exportId)
  if (finished !== undefined) return resultOf(finished)
  const source = found(store.snapshots.get(snapshot), `snapshot ${snapshot}`)
  using _ = store.layers.pin(source.layer)
  return converting.run(source.tenant, () => makeExport(deps, exportId, snapshot, signal), signal)
}

async function makeExport(
  { store, paths, log }: TransferDeps,
  exportId: string,
  snapshot: string,
  signal: AbortSignal,
): Promise<ExportResult> {
  const { tenant, gid, recipe, diskGb, layer } = found(
    store.snapshots.get(snapshot),
    `snapshot ${snapshot}`,
  )
  await requireFreeSpace(paths.exports, await store.layers.bytesOf(layer))
  const path = exportPath(paths, exportId)
  const unfinished = path + UNFINISHED
  const owner = { uid: store.identities.uidOf(exportId), gid }
  try {
    await rm(unfinished, { force: true })
    await writeFile(unfinished, '', { mode: 0o600 })
    await chown(unfinished, owner.uid, owner.gid)
    const virtualSizeBytes = store.layers.virtualSizeBytes(layer)
    // Incompressible content is stored as it is; the rest is metadata.
    const writesBytes = virtualSizeBytes * 1.01 + 64 * 1024 ** 2
    const options = ['-q', '-f', 'qcow2', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd']
    const files = [store.layers.path(layer), unfinished]
    await runConfined('qemu-img', ['convert', ...options, ...files], {
      ...{ owner, writesBytes, signal },
    }).catch(async (error: unknown) => {
      log('error', 'an export failed', { snapshot, error })
      // The usual reason, in words; otherwise it is ours to look at.
      if (error instanceof ConfinedFailure) await requireFreeSpace(paths.exports)
      throw error instanceof ConfinedFailure
        ? new EngineError('The disk could not be converted; the log of the server has the reason')
        : error
    })
    const sha256 = await sha256Of(unfinished, { owner, signal })
    await chown(unfinished, 0, 0)
    await chmod(unfinished, 0o400)
    await syncPath(unfinished)
    const { size: sizeBytes } = await stat(unfinished)
    await rename(unfinished, path)
    await syncPath(paths.exports)
    const record = { tenant, gid, recipe, diskGb, snapshot, sizeBytes, virtualSizeBytes, sha256 }
    await store.exports.put(exportId, record)
    log('debug', 'export finished', { snapshot, sizeBytes })
    return resultOf(record)
  } finally {
    await rm(unfinished, { force: true })
    store.identities.releaseUid(exportId)
  }
}

/** Whoever is reading it may go on. */
export function ensureExportGone(
  { store, paths, orders }: TransferDeps,
  id: string,
  order: Order,
): Promise<void> {
  return orders.run(id, order, async () => {
    await store.exports.delete(id)
    await removeDurably(exportPath(paths, id))
  })
}

/** Bytes `from` to `to`, both included. */
export async function readExport(
  { store, paths }: TransferDeps,
  id: string,
  { from, to }: { from: number; to: number },
): Promise<ReadableStream<Uint8Array>> {
  if (store.exports.get(id) === undefined) throw new NotFoundError(`There is no export ${id}`)
  const file = await open(exportPath(paths, id), 'r').catch((error: unknown) => {
    throw isMissing(error) ? new NotFoundError(`The file of export ${id} is gone`) : error
  })
  const content = file.createReadStream({ start: from, end: to, highWaterMark: 256 * 1024 })
  return Readable.toWeb(content) as ReadableStream<Uint8Array>
}

/** Removes files that no record speaks of: made by a process that was killed. */
export async function sweepExports({ store, paths }: TransferDeps): Promise<void> {
  for (const file of await readdir(paths.exports)) {
    if (!file.endsWith('.qcow2') || store.exports.get(basename(file, '.qcow2')) !== undefined)
      continue
    await rm(join(paths.exports, file), { force: true })
  }
}

const exportPath = (paths: Paths, id: string) => join(paths.exports, `${asUuid(id)}.qcow2`)

function resultOf({ recipe, diskGb, sizeBytes, virtualSizeBytes, sha256 }: ExportRecord) {
  return { format: 'qcow2', recipe, diskGb, sizeBytes, virtualSizeBytes, sha256 } as const
}
