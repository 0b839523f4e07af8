/**
 * Exports and imports of simulated snapshots: a few lines of text that say what they are. Everything
 * around them is as it is for real ones: sizes, checksums, pieces, limits.
 */
import { createHash } from 'node:crypto'
import {
  CapacityError,
  EngineError,
  type ExportResult,
  type ImportSpec,
  NotFoundError,
  type Order,
  type SnapshotResult,
  UploadOffsetError,
} from '../engine.ts'
import type { Durations } from './durations.ts'
import { misbehaves } from './failures.ts'
import { blamed, found, snapshotResult } from './machines.ts'
import type { Orders } from './orders.ts'
import { type SnapshotRecord, type WorldStore, without } from './state.ts'

/** What stands for the recipe of an OS image here. */
const RECIPE = 'simulated'
const LABEL = 'A snapshot of a simulated machine: there is no disk in this file.'
/** They live in the world, which is written as a whole. */
const MOST_UPLOAD_BYTES = 64 * 1024

export type TransferDeps = {
  readonly orders: Orders
  readonly store: WorldStore
  readonly durations: Durations
  readonly now: () => number
  readonly osImages: readonly { readonly name: string }[]
}

export function exportSnapshot(deps: TransferDeps, id: string, snapshot: string, order: Order) {
  return deps.orders.run(id, order, () => makeExport(deps, id, snapshot, order))
}

async function makeExport(
  { orders, store, durations }: TransferDeps,
  id: string,
  snapshot: string,
  order: Order,
): Promise<ExportResult> {
  const finished = store.world.exports[id]
  if (finished !== undefined) return resultOf(finished)
  const source = found(store.world.snapshots[snapshot], `snapshot ${snapshot}`)
  await orders.wait(durations.export, order)
  if (misbehaves(source.hostname, 'fail-export'))
    throw new EngineError(blamed('The export failed', source.hostname))
  const { diskGb, sizeBytes, consistency, hostname } = source
  const content = `${LABEL}\n${JSON.stringify({ diskGb, sizeBytes, consistency, hostname })}\n`
  const made = { diskGb, content }
  await orders.apply('export.create', id, order, (world) => ({
    ...world,
    exports: { ...world.exports, [id]: made },
  }))
  return resultOf(made)
}

export function ensureExportGone({ orders, store }: TransferDeps, id: string, order: Order) {
  return orders.run(id, order, async () => {
    if (store.world.exports[id] === undefined) return
    await orders.apply('export.delete', id, order, (world) => ({
      ...world,
      exports: without(world.exports, id),
    }))
  })
}

export async function readExport(
  { store }: TransferDeps,
  id: string,
  { from, to }: { from: number; to: number },
): Promise<ReadableStream<Uint8Array>> {
  const { content } = found(store.world.exports[id], `export ${id}`)
  const bytes = Buffer.from(content).subarray(from, to + 1)
  return new Blob([new Uint8Array(bytes)]).stream()
}

export function uploadedBytes({ store }: TransferDeps, upload: string): number {
  return contentOf(store, upload).length
}

export async function appendUpload(
  { orders, store }: TransferDeps,
  upload: string,
  from: number,
  data: AsyncIterable<Uint8Array>,
  mostBytes: number,
): Promise<number> {
  requireOffset(store, upload, from)
  const chunks: Uint8Array[] = []
  let at = from
  for await (const chunk of data) {
    at += chunk.length
    if (at > mostBytes)
      throw new EngineError(`More bytes came than the ${mostBytes} that the file should have`)
    if (at > MOST_UPLOAD_BYTES)
      throw new CapacityError(`A simulated region takes at most ${MOST_UPLOAD_BYTES} bytes`)
    chunks.push(chunk)
  }
  await orders.change(upload, (world) => {
    requireOffset(store, upload, from)
    const content = Buffer.concat([contentOf(store, upload), ...chunks]).toString('base64')
    return { ...world, uploads: { ...world.uploads, [upload]: content } }
  })
  return at
}

export async function removeUpload(
  { orders, store }: TransferDeps,
  upload: string,
  order: Order,
): Promise<void> {
  if (store.world.uploads[upload] === undefined) return
  await orders.apply('upload.delete', upload, order, (world) => ({
    ...world,
    uploads: without(world.uploads, upload),
  }))
}

export function bootable(
  { osImages }: TransferDeps,
  { osImage, recipe }: { osImage: string | null; recipe: string },
): boolean {
  const known = osImage === null || osImages.some((image) => image.name === osImage)
  return known && recipe === RECIPE
}

export function importSnapshot(
  deps: TransferDeps,
  snapshot: string,
  spec: ImportSpec,
  order: Order,
): Promise<SnapshotResult> {
  return deps.orders.run(snapshot, order, () => takeIn(deps, snapshot, spec, order))
}

async function takeIn(
  deps: TransferDeps,
  snapshot: string,
  spec: ImportSpec,
  order: Order,
): Promise<SnapshotResult> {
  const { orders, store, durations } = deps
  let record = store.world.snapshots[snapshot]
  if (record === undefined) {
    if (!bootable(deps, spec))
      throw new NotFoundError(`There is no OS image of recipe ${spec.recipe} in this region`)
    record = recordOf(contentOf(store, snapshot), spec)
    const made = record
    await orders.wait(durations.import, order)
    await orders.apply('snapshot.create', snapshot, order, (world) => ({
      ...world,
      snapshots: { ...world.snapshots, [snapshot]: made },
    }))
  }
  await removeUpload(deps, snapshot, order)
  return snapshotResult(record)
}

function recordOf(content: Buffer, spec: ImportSpec): SnapshotRecord {
  if (content.length !== spec.sizeBytes)
    throw new EngineError(
      `The file has ${content.length} bytes and the manifest says ${spec.sizeBytes}`,
    )
  const sha256 = sha256Of(content)
  if (sha256 !== spec.sha256)
    throw new EngineError(
      `The file's SHA-256 is ${sha256} and the manifest says ${spec.sha256}; import it again`,
    )
  const text = content.toString()
  if (!text.startsWith(`${LABEL}\n`))
    throw new EngineError('The file is refused: simulated regions take simulated snapshots only')
  const { sizeBytes, hostname } = parse(text.slice(LABEL.length))
  const { diskGb, consistency } = spec
  return { diskGb, consistency, memory: false, sizeBytes, hostname }
}

function parse(text: string): { sizeBytes: number; hostname: string } {
  try {
    const { sizeBytes, hostname } = JSON.parse(text)
    if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0)
      return { sizeBytes, hostname: `${hostname}` }
  } catch {
    // As unfit as one that can be read and says something else.
  }
  throw new EngineError('The file is refused: it does not say what it is a snapshot of')
}

function requireOffset(store: WorldStore, upload: string, from: number) {
  const received = contentOf(store, upload).length
  if (received !== from) throw new UploadOffsetError(received)
}

const contentOf = (store: WorldStore, upload: string) =>
  Buffer.from(store.world.uploads[upload] ?? '', 'base64')

const sha256Of = (content: Buffer | string) => createHash('sha256').update(content).digest('hex')

function resultOf({ diskGb, content }: { diskGb: number; content: string }): ExportResult {
  return {
    format: 'simulated',
    recipe: RECIPE,
    diskGb,
    sizeBytes: Buffer.byteLength(content),
    virtualSizeBytes: diskGb * 1e9,
    sha256: sha256Of(content),
  }
}
