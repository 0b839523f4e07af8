/** The last bytes of something endless. */
export class Ring {
  readonly #bytes: Buffer
  /** Where the next byte goes. */
  #next = 0
  #isFull = false

  /** @param size Bytes that are kept. */
  constructor(size: number) {
    this.#bytes = Buffer.alloc(size)
  }

  push(chunk: Uint8Array): void {
    const size = this.#bytes.length
    const kept = chunk.subarray(Math.max(0, chunk.length - size))
    const untilEnd = Math.min(kept.length, size - this.#next)
    this.#bytes.set(kept.subarray(0, untilEnd), this.#next)
    this.#bytes.set(kept.subarray(untilEnd), 0)
    this.#isFull ||= this.#next + kept.length >= size
    this.#next = (this.#next + kept.length) % size
  }

  /** A copy, oldest first. */
  read(): Buffer {
    const newest = this.#bytes.subarray(0, this.#next)
    return this.#isFull
      ? Buffer.concat([this.#bytes.subarray(this.#next), newest])
      : Buffer.from(newest)
  }

  /** Whether older bytes have been forgotten. */
  get isFull(): boolean {
    return this.#isFull
  }
}
