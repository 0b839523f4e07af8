/** Snapshots as files, in and out; both go on after a break. */
import { ApiError, ConnectionError } from './errors.ts'
import { pause } from './transport.ts'
import type { CallOptions, Namespaces } from './types.ts'

type Chunk = Uint8Array<ArrayBuffer>

const breaksInARow = 5
const afterBreakMs = 1_000
/** One request each, so that a break costs little. */
const pieceBytes = 64 * 1024 * 1024

export function createTransfer({ snapshots }: Namespaces) {
  return {
    /**
     * The file of an export that is made, from a byte on. A connection that breaks is made anew.
     * @throws ApiError 409 or 404 while there is no file.
     */
    async *download(
      snapshotId: string,
      { from = 0, ...options }: CallOptions & { readonly from?: number } = {},
    ): AsyncGenerator<Chunk> {
      let position = from
      for (let breaks = 0; ; ) {
        try {
          const { body } = await snapshots.downloadExport(snapshotId, {
            ...options,
            headers: { ...options.headers, Range: `bytes=${position}-` },
          })
          for await (const chunk of chunksOf(body)) {
            position += chunk.byteLength
            breaks = 0
            yield chunk
          }
          return
        } catch (error) {
          options.signal?.throwIfAborted()
          // The file has exactly as many bytes as are here.
          if (error instanceof ApiError && error.status === 416 && position > 0) return
          if (error instanceof ApiError || ++breaks > breaksInARow) throw error
          await pause(afterBreakMs, options.signal)
        }
      }
    },

    /**
     * Sends the file of an announced import, from where the server has it. `read` gives a part of the file.
     * @throws ApiError when the server refuses it, ConnectionError when it stays out of reach.
     */
    async upload(
      snapshotId: string,
      read: (from: number, to: number) => Promise<Chunk> | Chunk,
      {
        onSent = () => {},
        ...options
      }: CallOptions & { readonly onSent?: (bytes: number, of: number) => void } = {},
    ): Promise<void> {
      for (let breaks = 0; ; ) {
        const { import: state } = await snapshots.getImport(snapshotId, options)
        const { received_bytes: from, size_bytes: size } = state
        onSent(from, size)
        if (state.status !== 'UPLOADING' || from >= size) return
        const to = Math.min(from + pieceBytes, size)
        try {
          const piece = await read(from, to)
          await snapshots.uploadImport(snapshotId, piece, {
            timeoutMs: 0,
            ...options,
            headers: { ...options.headers, 'Content-Range': `bytes ${from}-${to - 1}/${size}` },
          })
          breaks = 0
        } catch (error) {
          if (!(error instanceof ConnectionError) || ++breaks > breaksInARow) throw error
          await pause(afterBreakMs, options.signal)
        }
      }
    },
  }
}

async function* chunksOf(body: ReadableStream<Chunk> | null): AsyncGenerator<Chunk> {
  const reader = body?.getReader()
  if (reader === undefined) return
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}
