/**
 * A disk file from elsewhere becomes the bottom layer of a snapshot. Nobody knows who made it: so it is
 * looked at byte by byte first, then only by programs that could do no harm if it took them over, and
 * what becomes part of our disks is not the file but a copy of the content that they read from it.
 *
 *     upload ──► length, header ──► checksum ──► qemu-img info ──► qemu-img convert ──► frozen layer
 *                 (ours, as root)     └──────── confined: see confined.ts ───────┘
 */
import { statfs } from 'node:fs/promises'
import { setInterval } from 'node:timers/promises'
import { z } from 'zod'
import {
  CapacityError,
  EngineError,
  type ImportSpec,
  NotFoundError,
  type Order,
  type SnapshotResult,
} from '../../engine.ts'
import { FLOOR_BYTES, requireFreeSpace } from '../disks/free-space.ts'
import { newLayerName, osLayerName } from '../disks/layers.ts'
import type { SnapshotRecord } from '../records/records.ts'
import { ConfinedFailure, type Confinement, runConfined, sha256Of } from './confined.ts'
import type { TransferDeps } from './export.ts'
import { requirePlainQcow2, UnfitDisk } from './plain-qcow2.ts'
import { handOverForReading } from './uploads.ts'

const LOOK_AT_DISK_MS = 1_000

const absent = z.undefined().optional()

/** What `qemu-img info` says of a plain disk; of one that is not, it says more. */
const Info = z
  .object({
    format: z.literal('qcow2'),
    'virtual-size': z.int(),
    'backing-filename': absent,
    'full-backing-filename': absent,
    encrypted: absent,
    snapshots: absent,
    'dirty-flag': z.literal(false),
    'format-specific': z.object({
      data: z.object({ corrupt: z.literal(false), 'data-file': absent }),
    }),
  })
  .loose()

export function importSnapshot(
  deps: TransferDeps,
  snapshot: string,
  spec: ImportSpec,
  order: Order,
): Promise<SnapshotResult> {
  return deps.orders.run(snapshot, order, (signal) => ensureImported(deps, snapshot, spec, signal))
}

async function ensureImported(
  deps: TransferDeps,
  snapshot: string,
  spec: ImportSpec,
  signal: AbortSignal,
): Promise<SnapshotResult> {
  const { store, converting } = deps
  let record = store.snapshots.get(snapshot)
  if (record === undefined) {
    await requireBootable(deps, spec)
    // Its kernel stays as long as a record names the recipe.
    using _ = store.layers.pin(osLayerName(spec.recipe))
    record = await converting.run(spec.tenant, () => takeIn(deps, snapshot, spec, signal), signal)
  }
  await store.uploads.remove(snapshot)
  const { consistency, sizeBytes, diskGb } = record
  return { consistency, sizeBytes, diskGb, memory: false }
}

async function requireBootable({ store }: TransferDeps, { osImage, recipe }: ImportSpec) {
  if (await store.osDisks.requireRecipe(osImage, recipe)) return
  throw new NotFoundError(
    `This host has no kernel for the disk: it was made from ${osImage ?? 'an OS image'} of recipe ${recipe}`,
  )
}

async function takeIn(
  deps: TransferDeps,
  snapshot: string,
  spec: ImportSpec,
  signal: AbortSignal,
): Promise<SnapshotRecord> {
  const { store, log } = deps
  const { tenant, recipe, diskGb, consistency, sizeBytes, virtualSizeBytes } = spec
  const upload = store.uploads.path(snapshot)
  const received = await store.uploads.receivedBytes(snapshot)
  if (received !== sizeBytes)
    throw new EngineError(`The file has ${received} bytes and the manifest says ${sizeBytes}`)
  await requirePlainQcow2(upload, virtualSizeBytes)

  const gid = store.identities.gidOf(tenant)
  const owner = { uid: store.identities.uidOf(snapshot), gid }
  try {
    await handOverForReading(upload, gid)
    await check(upload, spec, { owner, signal })
    const layer = newLayerName()
    using _ = store.layers.pin(layer)
    await store.layers.createFrom(layer, owner, async (unfinished) => {
      const writesBytes = virtualSizeBytes * 1.01 + 64 * 1024 ** 2
      await convert(deps, upload, unfinished, { owner, writesBytes, signal })
      await requirePlainQcow2(unfinished, virtualSizeBytes)
    })
    await store.layers.freeze(layer, gid)
    const record: SnapshotRecord = {
      ...{ tenant, gid, recipe, diskGb, layer, consistency, machine: null, memory: null },
      sizeBytes: await store.layers.bytesAboveOs(layer),
    }
    await store.snapshots.put(snapshot, record)
    log('debug', 'import recorded', { snapshot, layer })
    return record
  } finally {
    store.identities.releaseUid(snapshot)
  }
}

async function check(path: string, spec: ImportSpec, confinement: Confinement): Promise<void> {
  const sha256 = await sha256Of(path, confinement)
  if (sha256 !== spec.sha256)
    throw new UnfitDisk(
      `The file's SHA-256 is ${sha256} and the manifest says ${spec.sha256}; import it again`,
    )
  const args = ['info', '--output=json', '-f', 'qcow2', path]
  const printed = await runConfined('qemu-img', args, confinement).catch(refuseUnreadable)
  const info = Info.safeParse(JSON.parse(printed))
  if (!info.success || info.data['virtual-size'] !== spec.virtualSizeBytes)
    throw new UnfitDisk('The disk file is refused: QEMU finds more in it than a plain disk')
}

/** Thin disks and compressed files do not tell what they grow to, so the disk is watched meanwhile. */
async function convert(
  { paths, log }: TransferDeps,
  from: string,
  to: string,
  { signal, ...confinement }: Confinement,
): Promise<void> {
  await requireFreeSpace(paths.layers)
  const full = new AbortController()
  const done = new AbortController()
  const watched = watchDisk(paths.layers, full, done.signal)
  try {
    await runConfined('qemu-img', ['convert', '-q', '-f', 'qcow2', '-O', 'qcow2', from, to], {
      ...confinement,
      signal: AbortSignal.any([signal, full.signal]),
    })
  } catch (error) {
    log('warn', 'an import failed', { from, error })
    full.signal.throwIfAborted()
    return refuseUnreadable(error)
  } finally {
    done.abort()
    await watched
  }
}

async function watchDisk(folder: string, full: AbortController, done: AbortSignal): Promise<void> {
  try {
    for await (const _ of setInterval(LOOK_AT_DISK_MS, null, { signal: done })) {
      const { bavail, bsize } = await statfs(folder)
      if (bavail * bsize < FLOOR_BYTES)
        full.abort(
          new CapacityError(
            'The disk would fill this host; delete something, then import it again',
          ),
        )
    }
  } catch (error) {
    if (!done.aborted) throw error
  }
}

function refuseUnreadable(error: unknown): never {
  if (!(error instanceof ConfinedFailure)) throw error
  throw new UnfitDisk('The disk file is refused: QEMU cannot read it, or not within its limits', {
    cause: error,
  })
}
