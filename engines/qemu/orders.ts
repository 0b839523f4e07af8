/**
 * Who may change a thing, and one at a time.
 *
 * The highest fence of each thing is kept in `DATA/fences/<uuid>`, apart from the thing itself: a runner
 * that was paused while its machine was deleted must not make it again. It outlives this process but
 * need not outlive a power failure, which leaves no runner behind. A newer order also calls off an
 * older one that is still at work, so that a delete does not wait for a guest that shuts down slowly.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, FencedError, type Order } from '../engine.ts'
import { Locks } from '../locks.ts'
import { asUuid } from './paths.ts'
import { readIfThere, replaceFile, UNFINISHED } from './records/durable-files.ts'

/** No runner is paused for so long and goes on. */
const TOMBSTONE_MS = 30 * 24 * 3600 * 1000

type Seen = { fence: number; calledOff: AbortController }

export class Orders {
  readonly #folder: string
  readonly #locks = new Locks()
  readonly #seen = new Map<string, Seen>()
  readonly #closing = new AbortController()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** @param exists Whether a thing is there still; fences of those that are not are kept for 30 days. */
  async load(exists: (thing: string) => boolean): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    for (const thing of await readdir(this.#folder)) {
      const path = join(this.#folder, thing)
      const { mtimeMs } = await stat(path)
      if (thing.endsWith(UNFINISHED) || (!exists(thing) && Date.now() - mtimeMs > TOMBSTONE_MS))
        await rm(path)
    }
  }

  /** Ends what waits and refuses what comes. */
  close(): void {
    this.#closing.abort(new EngineError('The engine was closed', { retryable: true }))
  }

  /** Aborts when the engine closes. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /**
   * Does the work when it is the thing's turn. The signal it gets aborts when the order is cancelled,
   * has been overtaken by a newer one or the engine closes.
   */
  async run<T>(thing: string, order: Order, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const seen = await this.#enter(thing, order)
    const signal = AbortSignal.any(
      [this.closing, seen.calledOff.signal, order.signal].filter((signal) => signal !== undefined),
    )
    try {
      return await this.#locks.run(
        thing,
        () => {
          signal.throwIfAborted()
          return work(signal)
        },
        signal,
      )
    } catch (error) {
      if (!signal.aborted || error instanceof EngineError) throw error
      throw new EngineError(`Operation ${order.operation} was called off`, {
        retryable: true,
        cause: error,
      })
    }
  }

  /** Work on a thing that needs no order of its own, in turn with everybody's. */
  async runUnordered<T>(
    thing: string,
    work: () => Promise<T>,
    signal: AbortSignal = this.closing,
  ): Promise<T> {
    return this.#locks.run(thing, work, signal)
  }

  async #enter(thing: string, order: Order): Promise<Seen> {
    const path = join(this.#folder, asUuid(thing))
    if (!this.#seen.has(thing)) {
      const fence = Number((await readIfThere(path)) ?? Number.NEGATIVE_INFINITY)
      if (!this.#seen.has(thing)) this.#seen.set(thing, { fence, calledOff: new AbortController() })
    }
    const newest = this.#seen.get(thing)
    if (newest !== undefined && order.fence < newest.fence) throw late(thing, order, newest.fence)
    if (newest !== undefined && order.fence === newest.fence) return newest

    const seen = { fence: order.fence, calledOff: new AbortController() }
    this.#seen.set(thing, seen)
    newest?.calledOff.abort(overtaken(thing, order.fence))
    await this.#locks.run(`fence ${thing}`, async () => {
      if (this.#seen.get(thing) === seen) await replaceFile(path, `${order.fence}\n`)
    })
    return seen
  }
}

function late(thing: string, order: Order, newest: number): FencedError {
  return new FencedError(
    `Operation ${order.operation} is late: its fence is ${order.fence}, ${thing} has seen ${newest}`,
  )
}

function overtaken(thing: string, fence: number): FencedError {
  return new FencedError(`A newer order about ${thing}, with fence ${fence}, has taken over`)
}
