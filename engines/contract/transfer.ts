import { createHash, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  EngineError,
  type ExportResult,
  type ImportSpec,
  type MachineSpec,
  NotFoundError,
  UploadOffsetError,
} from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

export function describeTransfer(site: Site): void {
  let source: MachineSpec
  let snapshot: string
  let exported: string
  let result: ExportResult
  let content: Buffer
  beforeAll(async () => {
    if (!site.engine.capabilities().snapshotTransfer) return
    source = await site.deploy()
    snapshot = await site.snapshot(source)
    exported = site.newExport()
    result = await site.engine.exportSnapshot(exported, snapshot, site.order())
    content = await read({ from: 0, to: result.sizeBytes - 1 })
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach((context) => {
    context.skip(!site.engine.capabilities().snapshotTransfer, 'snapshots stay in this engine')
  })

  async function read(range: { from: number; to: number }): Promise<Buffer> {
    return bytesOf(await site.engine.readExport(exported, range))
  }

  const spec = (change: Partial<ImportSpec> = {}): ImportSpec => ({
    tenant: source.tenant,
    osImage: source.source.kind === 'os-image' ? source.source.name : null,
    recipe: result.recipe,
    diskGb: result.diskGb,
    consistency: 'crash',
    sizeBytes: result.sizeBytes,
    virtualSizeBytes: result.virtualSizeBytes,
    sha256: result.sha256,
    ...change,
  })

  async function* inPieces(bytes: Uint8Array, pieceBytes = bytes.length) {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }

  /** With all of its bytes there. */
  async function uploaded(bytes: Uint8Array = content): Promise<string> {
    const upload = site.newSnapshot()
    await site.engine.appendUpload(upload, 0, inPieces(bytes), bytes.length)
    return upload
  }

  test('an export tells its size and checksum, and is read in any order', async () => {
    expect(content.length).toBe(result.sizeBytes)
    expect(createHash('sha256').update(content).digest('hex')).toBe(result.sha256)
    expect(await read({ from: 10, to: 19 })).toEqual(content.subarray(10, 20))
    expect(result.diskGb).toBe(source.diskGb)
  })

  test('an export asked for again is the same export', async () => {
    expect(await site.engine.exportSnapshot(exported, snapshot, site.order())).toEqual(result)
  })

  test('an export outlives its snapshot until it is removed itself', async () => {
    const passing = await site.snapshot(source)
    const id = site.newExport()
    const { sizeBytes } = await site.engine.exportSnapshot(id, passing, site.order())
    await site.engine.ensureSnapshotGone(passing, site.order())
    const stream = await site.engine.readExport(id, { from: 0, to: sizeBytes - 1 })
    expect((await bytesOf(stream)).length).toBe(sizeBytes)
    await site.engine.ensureExportGone(id, site.order())
    await site.engine.ensureExportGone(id, site.order())
    const late = site.engine.readExport(id, { from: 0, to: 1 })
    await expect(late).rejects.toThrow(NotFoundError)
    expect((await site.engine.holdings()).exports).not.toContain(id)
  })

  test('an unknown snapshot cannot be exported', async () => {
    const late = site.engine.exportSnapshot(site.newExport(), randomUUID(), site.order())
    await expect(late).rejects.toThrow(NotFoundError)
  })

  test('what was exported is taken in again, in pieces, and makes a machine', async () => {
    const upload = site.newSnapshot()
    const half = Math.floor(content.length / 2)
    const append = (from: number, bytes: Uint8Array) =>
      site.engine.appendUpload(upload, from, inPieces(bytes, 4096), content.length)
    expect(await append(0, content.subarray(0, half))).toBe(half)
    expect(await site.engine.uploadedBytes(upload)).toBe(half)
    expect((await site.engine.holdings()).uploads).toContain(upload)
    expect(await append(half, content.subarray(half))).toBe(content.length)

    const taken = await site.engine.importSnapshot(upload, spec(), site.order())
    expect(taken).toMatchObject({ diskGb: source.diskGb, memory: false, consistency: 'crash' })
    const held = await site.engine.holdings()
    expect(held.snapshots).toContain(upload)
    expect(held.uploads).not.toContain(upload)
    const machine = await site.deployFrom({ kind: 'snapshot', id: upload })
    await site.until(machine.id, (state) => state.guestUp)
  })

  test('an import asked for again is the same import', async () => {
    const upload = await uploaded()
    const first = await site.engine.importSnapshot(upload, spec(), site.order())
    expect(await site.engine.importSnapshot(upload, spec(), site.order())).toEqual(first)
  })

  test('a piece that does not begin where the last one ended is refused', async () => {
    const upload = site.newSnapshot()
    const append = (from: number) =>
      site.engine.appendUpload(upload, from, inPieces(content.subarray(0, 10)), content.length)
    await append(0)
    for (const from of [0, 5, 11])
      await expect(append(from)).rejects.toThrow(
        expect.objectContaining({ constructor: UploadOffsetError, receivedBytes: 10 }),
      )
  })

  test('more bytes than announced are refused', async () => {
    const upload = site.newSnapshot()
    const sent = site.engine.appendUpload(upload, 0, inPieces(content), content.length - 1)
    await expect(sent).rejects.toThrow(EngineError)
  })

  test.each<[string, (bytes: Buffer) => Buffer, Partial<ImportSpec>, RegExp]>([
    ['another checksum', (bytes) => bytes, { sha256: '0'.repeat(64) }, /SHA-256/],
    ['too few bytes', (bytes) => bytes.subarray(1), {}, /bytes/],
    ['an unknown OS image', (bytes) => bytes, { recipe: 'no-such-recipe' }, /recipe/],
  ])('a file with %s is refused, and can be removed', async (_, change, facts, words) => {
    const upload = await uploaded(change(content))
    const taken = site.engine.importSnapshot(upload, spec(facts), site.order())
    await expect(taken).rejects.toThrow(words)
    expect((await site.engine.holdings()).snapshots).not.toContain(upload)
    await site.engine.ensureSnapshotGone(upload, site.order())
    expect((await site.engine.holdings()).uploads).not.toContain(upload)
  })

  test('content that is no disk is refused', async () => {
    const bytes = Buffer.alloc(content.length, 'x')
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const upload = await uploaded(bytes)
    const taken = site.engine.importSnapshot(upload, spec({ sha256 }), site.order())
    await expect(taken).rejects.toThrow(/refused/)
  })

  test('it knows beforehand whether a disk would boot', async () => {
    const { osImage, recipe } = spec()
    expect(await site.engine.bootable({ osImage, recipe })).toBe(true)
    expect(await site.engine.bootable({ osImage, recipe: 'no-such-recipe' })).toBe(false)
    expect(await site.engine.bootable({ osImage: 'no-such-image', recipe: 'none' })).toBe(false)
  })
}

const bytesOf = async (stream: ReadableStream<Uint8Array>) =>
  Buffer.from(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer())
