/**
 * Cuts a stream into lines, for the protocols of QEMU and of guests. Neither is to be trusted with our
 * memory, so an endless line is an error.
 */
export class LineSplitter {
  readonly #maxBytes: number
  readonly #onLine: (line: string) => void
  #parts: Buffer[] = []
  #held = 0

  constructor(maxBytes: number, onLine: (line: string) => void) {
    this.#maxBytes = maxBytes
    this.#onLine = onLine
  }

  /** Throws {@link RangeError} when a line is longer than it may be. */
  push(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#hold(chunk.subarray(start, end))
      const line = Buffer.concat(this.#parts).toString('utf8').trim()
      this.#parts = []
      this.#held = 0
      start = end + 1
      if (line !== '') this.#onLine(line)
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
  }

  #hold(part: Buffer): void {
    this.#held += part.length
    if (this.#held > this.#maxBytes)
      throw new RangeError(`A line of more than ${this.#maxBytes} bytes`)
    this.#parts.push(part)
  }
}
