/**
 * One line into a machine, and everybody who looks at it: each gets what was said before, then what is
 * said, and may say something. Nobody waits for a viewer that does not keep up; it is let go.
 *
 *     machine ──► say() ──► ring ──► viewers
 *     machine ◄── input ◄─────────── any of them
 */
import { Duplex } from 'node:stream'
import { TooSlowError } from '../engine.ts'
import { Ring } from './ring.ts'

/** What a new viewer is shown of the past. */
export const HISTORY_BYTES = 64 * 1024
/** A viewer may be so much behind, beyond the history that it was given at once. */
const MAX_BEHIND_BYTES = 512 * 1024

/** Takes what somebody typed, and calls back when there may be more. */
export type Input = (chunk: Buffer, done: () => void) => void

export class ConsoleHub {
  readonly #ring = new Ring(HISTORY_BYTES)
  readonly #viewers = new Set<Viewer>()
  readonly #input: Input
  #ended = false

  constructor(input: Input) {
    this.#input = input
  }

  /** The machine says something. */
  say(chunk: Buffer): void {
    this.#ring.push(chunk)
    for (const viewer of this.#viewers) viewer.show(chunk)
  }

  /** What was said before this hub was there. */
  remember(past: Buffer): void {
    this.#ring.push(past)
  }

  /** Readable: history, then what the machine says, until it ends. Writable: what is typed. */
  view(): Duplex {
    const viewer = new Viewer(this.#input, () => this.#viewers.delete(viewer))
    const history = this.#ring.read()
    // The oldest line has lost its beginning, perhaps in the middle of a character.
    const from = this.#ring.isFull ? history.indexOf(10) + 1 : 0
    viewer.show(history.subarray(from))
    if (this.#ended) viewer.push(null)
    else this.#viewers.add(viewer)
    return viewer
  }

  /** The line is gone. */
  end(): void {
    this.#ended = true
    for (const viewer of this.#viewers) viewer.push(null)
    this.#viewers.clear()
  }
}

class Viewer extends Duplex {
  readonly #input: Input
  readonly #onGone: () => void

  constructor(input: Input, onGone: () => void) {
    super({ allowHalfOpen: false })
    this.#input = input
    this.#onGone = onGone
  }

  show(chunk: Buffer): void {
    if (chunk.length === 0) return
    if (this.readableLength > MAX_BEHIND_BYTES)
      this.destroy(new TooSlowError('It does not read as fast as the machine writes'))
    else this.push(chunk)
  }

  override _read(): void {}

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#input(chunk, done)
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#onGone()
    done(error)
  }
}
