/**
 * A machine's memory and devices as a file: what QEMU would send to another host, kept on this one. QEMU
 * of our oldest host cannot write it to a file itself and may not start programs, so it goes through a
 * unix socket and this process.
 *
 *     save    QEMU ──► socket (ours) ──► zstd ──► file
 *     load    file ──► zstd ──► socket (QEMU's) ──► QEMU
 *
 * Compressed at the fastest level: on a busy host with two processors that takes as long as writing all
 * of it, or somewhat longer, and leaves a file of half the size or less, whose checksum finds damage before
 * a guest does.
 */
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, chown, rename, rm, stat } from 'node:fs/promises'
import { connect, createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import { z } from 'zod'
import { CapacityError, EngineError } from '../../engine.ts'
import type { LiveMachine } from '../live-machine.ts'
import { syncPath, UNFINISHED } from '../records/durable-files.ts'
import { abortable } from '../waiting.ts'

/** QEMU never waits to spare a network that there is not. */
const UNLIMITED_BYTES_PER_S = 1e11
const LOOK_EVERY_MS = 5
/** A QEMU that has answered takes no longer than this to take or make a connection. */
const CONNECT_MS = 10_000

const compression = {
  chunkSize: 256 * 1024,
  params: {
    [constants.ZSTD_c_compressionLevel]: 1,
    [constants.ZSTD_c_checksumFlag]: 1,
  },
}

const MIB = 1024 ** 2
/** Screen, devices and what goes with them. */
const MARGIN_BYTES = 256 * MIB
/** A disk that is slower than this has something else to do. */
const SLOWEST_BYTES_PER_S = 10e6
const MARGIN_MS = 60_000

const Progress = z.object({
  status: z.string().optional(),
  'error-desc': z.string().optional(),
  /** 1 while everything is sent for the first time. */
  ram: z.object({ 'dirty-sync-count': z.int() }).optional(),
})

export type MemoryDoor = {
  /** Folder of the machine's sockets, which belongs to root by now. */
  readonly folder: string
  /** The socket to make in it. */
  readonly socket: string
  /** Whom its QEMU runs as. */
  readonly uid: number
  readonly gid: number
}

/** A QEMU that its guest has taken over would go on for ever. */
export type Limits = { readonly bytes: number; readonly ms: number }

/** @param passes How often all of its memory may be sent. */
export function limitsOf(memoryMib: number, passes: number): Limits {
  const bytes = passes * memoryMib * MIB + MARGIN_BYTES
  return { bytes, ms: MARGIN_MS + (bytes / SLOWEST_BYTES_PER_S) * 1000 }
}

/**
 * Of a machine that runs meanwhile. QEMU slows a guest down that writes to its memory faster than that can
 * be kept. The times count from when everything has been sent once.
 */
export type WhileItRuns = {
  /** How long the guest may be still at the end, in milliseconds; what QEMU aims at. */
  readonly stillMs: number
  /** The same after `patienceMs`. */
  readonly mostStillMs: number
  readonly patienceMs: number
  /** After so long it is refused. */
  readonly giveUpMs: number
  /** The guest is still, and QEMU waits for `migrate-continue`. */
  beforeLast(): Promise<void>
  /** All of memory has left QEMU; it need not wait until that is on disk. */
  onSent(): Promise<void>
}

/**
 * Writes what the machine has in memory; answers when that is safe on disk under its final name. Its
 * processors hold still, unless `whileItRuns` says otherwise. Whatever it throws, nothing is left and QEMU
 * may go on; see {@link letGoOn}.
 */
export async function saveMemory(
  live: LiveMachine,
  file: string,
  door: MemoryDoor,
  limits: Limits,
  signal: AbortSignal,
  whileItRuns?: WhileItRuns,
): Promise<{ sizeBytes: number }> {
  const unfinished = file + UNFINISHED
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  await using listener = await listenFor(door)
  const written = listener.connected.then((socket) =>
    writeFrom(socket, unfinished, limits.bytes, either),
  )
  written.catch((error: unknown) => failed.abort(inWords(error)))
  const late = setTimeout(
    () => failed.abort(new EngineError('QEMU takes far too long to hand over its memory')),
    limits.ms,
  )
  try {
    const state = whileItRuns !== undefined
    const capabilities = ['pause-before-switchover', 'auto-converge'].map((capability) => ({
      ...{ capability, state },
    }))
    await live.execute('migrate-set-capabilities', { capabilities })
    await live.execute('migrate-set-parameters', {
      'max-bandwidth': UNLIMITED_BYTES_PER_S,
      ...(whileItRuns && { 'downtime-limit': whileItRuns.stillMs }),
    })
    await live.execute('migrate', { uri: `unix:${door.socket}` })
    await migrationEnds(live, either, whileItRuns)
    await whileItRuns?.onSent()
    await abortable(written, either)
    await rename(unfinished, file)
    await syncPath(dirname(file))
    return { sizeBytes: (await stat(file)).size }
  } catch (error) {
    // Says nothing when it has ended; a QEMU that is gone needs none of it.
    await live.execute('migrate_cancel').catch(() => {})
    failed.abort(error)
    listener.hangUp()
    await written.catch(() => {})
    await rm(unfinished, { force: true })
    // What failed first, and not the waiting that it ended.
    throw signal.aborted ? error : failed.signal.reason
  } finally {
    clearTimeout(late)
  }
}

/**
 * Gives a QEMU that was started with `-incoming defer` the memory of the file. Its processors hold still
 * afterwards. Throws {@link EngineError} when it cannot be read; that QEMU is then of no more use.
 */
export async function loadMemory(
  live: LiveMachine,
  { file, sizeBytes }: { file: string; sizeBytes: number },
  socket: string,
  signal: AbortSignal,
): Promise<void> {
  const { size } = await stat(file)
  if (size !== sizeBytes)
    throw new EngineError(`the file has ${size} bytes and should have ${sizeBytes}`)
  await live.execute('migrate-incoming', { uri: `unix:${socket}` })
  const line = connect(socket)
  const sent = pipeline(createReadStream(file), createZstdDecompress(), line, { signal })
  try {
    // QEMU may have all it needs, and close, before the last of the line is flushed.
    await Promise.all([sent.catch(unlessClosed), migrationEnds(live, signal)])
  } finally {
    line.destroy()
  }
}

/** Lets the processors run, whatever moving its memory has left them in. */
export async function letGoOn(live: LiveMachine): Promise<void> {
  const state = await live.runState()
  if (state === 'running' || state === 'shutdown') return
  // Nobody takes what it sends any more, and it does not go on by itself.
  if (state === 'finish-migrate') {
    await live.execute('migrate_cancel')
    const ended = AbortSignal.timeout(CONNECT_MS)
    while ((await live.runState()) === 'finish-migrate')
      await sleep(LOOK_EVERY_MS, undefined, { signal: ended })
  }
  if ((await live.runState()) !== 'running') await live.resume()
}

/** Until QEMU says how it ended; throws when not well. */
async function migrationEnds(
  live: LiveMachine,
  signal: AbortSignal,
  whileItRuns?: WhileItRuns,
): Promise<void> {
  let act = whileItRuns?.beforeLast
  const grow = whileItRuns && growingImpatient(live, whileItRuns)
  for (;;) {
    const progress = Progress.parse(await live.execute('query-migrate'))
    const { status = 'none', 'error-desc': words } = progress
    if (status === 'completed') return
    if (status === 'failed' || status === 'cancelled')
      throw new EngineError(`QEMU could not move the machine's memory: ${words ?? status}`)
    signal.throwIfAborted()
    if (status === 'pre-switchover') {
      await act?.()
      act = undefined
      continue
    }
    if (status === 'active' && (progress.ram?.['dirty-sync-count'] ?? 1) > 1) await grow?.()
    // So short that the signal is heard above, which throws its own reason.
    await sleep(LOOK_EVERY_MS)
  }
}

/** To be called again and again from when all of memory has been sent once. */
function growingImpatient(
  live: LiveMachine,
  { mostStillMs, patienceMs, giveUpMs }: WhileItRuns,
): () => Promise<void> {
  let since: number | null = null
  let isImpatient = false
  return async () => {
    since ??= performance.now()
    const waited = performance.now() - since
    if (waited > giveUpMs)
      throw new EngineError(
        'The guest writes to its memory faster than that can be kept; take the snapshot when it has less to do, or without memory',
      )
    if (waited < patienceMs || isImpatient) return
    isImpatient = true
    await live.execute('migrate-set-parameters', { 'downtime-limit': mostStillMs })
  }
}

/** A socket that only this machine's QEMU can reach, for one connection. */
async function listenFor({ folder, socket, uid, gid }: MemoryDoor) {
  await rm(socket, { force: true })
  const connected = Promise.withResolvers<Socket>()
  const server = createServer((line) => {
    server.close()
    connected.resolve(line)
  })
  const listening = Promise.withResolvers<void>()
  server.on('error', listening.reject)
  server.listen(socket, listening.resolve)
  await listening.promise
  await chown(socket, uid, 0)
  await chmod(socket, 0o600)
  // Its folder lets nobody through but root; now its tenant, who finds nothing there that he may open.
  await chown(folder, 0, gid)
  await chmod(folder, 0o710)
  const late = setTimeout(
    () => connected.reject(new EngineError('QEMU did not connect to hand over its memory')),
    CONNECT_MS,
  )
  connected.promise.then(() => clearTimeout(late)).catch(() => {})
  return {
    connected: connected.promise,
    hangUp: () => connected.reject(new EngineError('The memory is not wanted any more')),
    async [Symbol.asyncDispose]() {
      clearTimeout(late)
      server.close()
      await rm(socket, { force: true })
      await chmod(folder, 0o700).catch(() => {})
    },
  }
}

/** On disk when it answers. */
function writeFrom(line: Socket, path: string, most: number, signal: AbortSignal): Promise<void> {
  const file = createWriteStream(path, { mode: 0o600, flush: true })
  return pipeline(line, createZstdCompress(compression), atMost(most), file, { signal })
}

function atMost(most: number) {
  return async function* (chunks: AsyncIterable<Buffer>) {
    let bytes = 0
    for await (const chunk of chunks) {
      bytes += chunk.length
      if (bytes > most)
        throw new EngineError(`QEMU hands over more than ${most} bytes, which is not memory only`)
      yield chunk
    }
  }
}

function unlessClosed(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code !== 'EPIPE' && code !== 'ECONNRESET') throw error
}

/** A disk that filled up meanwhile is something that its owner can mend. */
function inWords(error: unknown): unknown {
  const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
  if (!isFull) return error
  return new CapacityError(
    "The host's disk has no room for the memory; delete what is not needed, and try again",
    { cause: error },
  )
}
