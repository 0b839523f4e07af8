/**
 * Frames of the line to a microVM's agent; guest/agent/PROTOCOL.md describes them. What comes in is a
 * stranger's: lengths are bounded before anything is kept, and what does not fit ends the line.
 */
import { GuestError } from '../../../engine.ts'

export const HEADER_BYTES = 9
export const NONCE_BYTES = 16
/** Of a payload, as the agent has it. */
export const MAX_FROM_GUEST_BYTES = 32 * 1024
export const MAX_TO_GUEST_BYTES = (1024 + 192) * 1024
/** What may be under way on a channel, each way, before the other end has said that it took it. */
export const WINDOW_BYTES = 256 * 1024

/** Marks where a conversation begins, with the nonce of the one who began it behind it. */
const MAGIC = Buffer.from('\0garrison-line1\0', 'latin1')
/** What an earlier conversation may have left on the line. */
const MAX_STALE_BYTES = 4 * 1024 * 1024

export type Frame = { readonly type: string; readonly channel: number; readonly payload: Buffer }

export function frame(
  type: string,
  channel: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  if (payload.length > MAX_TO_GUEST_BYTES)
    throw new GuestError('failed', `At most ${MAX_TO_GUEST_BYTES} bytes can be sent at once`)
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(payload.length, 0)
  header.write(type, 4, 'latin1')
  header.writeUInt32LE(channel, 5)
  return Buffer.concat([header, payload])
}

/** Fields end with a NUL each, so none may hold one. */
export function fields(texts: readonly string[]): Buffer {
  for (const text of texts)
    if (text.includes('\0'))
      throw new GuestError('failed', 'Text for a guest must not contain the character NUL')
  return Buffer.from(texts.map((text) => `${text}\0`).join(''))
}

/** Of a payload of the guest's; at most 16. */
export function readFields(payload: Buffer): string[] {
  return payload.toString('utf8').split('\0').slice(0, 16)
}

/** Takes a stream of bytes apart. Throws {@link GuestError} when they are no frames. */
export class FrameReader {
  readonly #nonce: Buffer
  readonly #onFrame: (frame: Frame) => void
  #kept: Buffer = Buffer.alloc(0)
  #staleBytes = 0
  #found = false

  constructor(nonce: Buffer, onFrame: (frame: Frame) => void) {
    this.#nonce = nonce
    this.#onFrame = onFrame
  }

  push(chunk: Buffer): void {
    this.#kept = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    if (!this.#found) this.#seek()
    if (this.#found) this.#take()
  }

  #seek(): void {
    const mark = Buffer.concat([MAGIC, this.#nonce])
    const at = this.#kept.indexOf(mark)
    const stale = at >= 0 ? at + mark.length : Math.max(0, this.#kept.length - mark.length + 1)
    this.#staleBytes += stale
    this.#kept = this.#kept.subarray(stale)
    this.#found = at >= 0
    if (this.#staleBytes > MAX_STALE_BYTES + mark.length)
      throw new GuestError('failed', 'The machine talks without having been greeted')
  }

  #take(): void {
    while (this.#kept.length >= HEADER_BYTES) {
      const length = this.#kept.readUInt32LE(0)
      if (length > MAX_FROM_GUEST_BYTES)
        throw new GuestError('failed', 'The machine sent a frame that is too long')
      if (this.#kept.length < HEADER_BYTES + length) return
      const type = String.fromCharCode(this.#kept[4] ?? 0)
      const channel = this.#kept.readUInt32LE(5)
      const payload = this.#kept.subarray(HEADER_BYTES, HEADER_BYTES + length)
      this.#kept = this.#kept.subarray(HEADER_BYTES + length)
      this.#onFrame({ type, channel, payload })
    }
  }
}
