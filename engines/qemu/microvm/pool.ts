/**
 * QEMUs that wait, each with the memory of a snapshot mapped and everything else made, for somebody who starts a
 * machine of it. A snapshot gets some once it was started from, and loses them when it was not for a while.
 * When none is left, machines are started as if there were no pool; nobody waits for it to fill.
 */
import type { EgressPolicy } from '../../engine.ts'

/** Refilling takes the processor from those who are just waking, so it waits until they are done. */
const QUIET_MS = 300
/** A snapshot that nobody starts from any more. */
const IDLE_MS = 10 * 60_000
/** After one could not be made. */
const RETRY_MS = 30_000

export type PoolOptions<T> = {
  /** How many wait for each snapshot, and in all. */
  readonly each: number
  readonly all: number
  make(snapshot: string, policy: EgressPolicy): Promise<T>
  end(waiting: T): Promise<void>
  onError(error: unknown): void
}

type Shelf<T> = {
  readonly waiting: { item: T; policy: string }[]
  policy: EgressPolicy
  usedAt: number
  /** After one could not be made; others get theirs meanwhile. */
  retryAt: number
}

export class Pool<T> {
  readonly #options: PoolOptions<T>
  readonly #shelves = new Map<string, Shelf<T>>()
  #timer: NodeJS.Timeout | undefined
  #filling: Promise<void> | null = null
  #isClosed = false
  hits = 0
  misses = 0

  constructor(options: PoolOptions<T>) {
    this.#options = options
  }

  get waiting(): number {
    return [...this.#shelves.values()].reduce((total, { waiting }) => total + waiting.length, 0)
  }

  /** One that waits, preferably with this policy in force already; `hasPolicy` says whether. */
  take(snapshot: string, policy: EgressPolicy): { item: T; hasPolicy: boolean } | null {
    const shelf = this.#shelves.get(snapshot) ?? { waiting: [], policy, usedAt: 0, retryAt: 0 }
    this.#shelves.set(snapshot, shelf)
    shelf.usedAt = Date.now()
    shelf.policy = policy
    this.#schedule(QUIET_MS)
    const key = JSON.stringify(policy)
    const at = Math.max(
      0,
      shelf.waiting.findIndex((each) => each.policy === key),
    )
    const [taken] = shelf.waiting.splice(at, 1)
    if (taken === undefined) this.misses++
    else this.hits++
    return taken === undefined ? null : { item: taken.item, hasPolicy: taken.policy === key }
  }

  /** Resolves when nothing more is to be made. */
  async filled(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#fill()
  }

  /** The snapshot is to be gone, or changed. Throws when one could not be ended, and has tried them all. */
  async drain(snapshot: string): Promise<void> {
    const shelf = this.#shelves.get(snapshot)
    this.#shelves.delete(snapshot)
    const failed: unknown[] = []
    for (const { item } of shelf?.waiting ?? [])
      await this.#options.end(item).catch((error: unknown) => failed.push(error))
    if (failed.length > 0) throw failed[0]
  }

  /** Forgets what waits, without ending it. */
  abandon(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#shelves.clear()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#filling
    for (const snapshot of [...this.#shelves.keys()]) await this.drain(snapshot)
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#fill(), ms)
    this.#timer.unref()
  }

  #fill(): Promise<void> {
    this.#filling ??= this.#fillAll().finally(() => {
      this.#filling = null
    })
    return this.#filling
  }

  /** One after the other: each takes a core for a moment. */
  async #fillAll(): Promise<void> {
    for (let next = this.#next(); next !== null; next = this.#next()) {
      const [snapshot, shelf] = next
      try {
        await this.#makeOne(snapshot, shelf)
      } catch (error) {
        this.#options.onError(error)
        shelf.retryAt = Date.now() + RETRY_MS
      }
    }
    await this.#endIdle().catch(this.#options.onError)
    const isRetried = [...this.#shelves.values()].some(({ retryAt }) => retryAt > Date.now())
    if (isRetried) this.#schedule(RETRY_MS)
    else if (this.#shelves.size > 0) this.#schedule(IDLE_MS)
  }

  async #makeOne(snapshot: string, shelf: Shelf<T>): Promise<void> {
    const { policy } = shelf
    const item = await this.#options.make(snapshot, policy)
    const isWanted = !this.#isClosed && this.#shelves.get(snapshot) === shelf
    if (isWanted) shelf.waiting.push({ item, policy: JSON.stringify(policy) })
    else await this.#options.end(item)
  }

  #next(): [string, Shelf<T>] | null {
    if (this.#isClosed || this.waiting >= this.#options.all) return null
    const open = [...this.#shelves].filter(
      ([, { waiting, retryAt }]) => waiting.length < this.#options.each && retryAt <= Date.now(),
    )
    return open.sort(([, one], [, other]) => other.usedAt - one.usedAt)[0] ?? null
  }

  async #endIdle(): Promise<void> {
    for (const [snapshot, { usedAt }] of [...this.#shelves])
      if (Date.now() - usedAt > IDLE_MS) await this.drain(snapshot)
  }
}
