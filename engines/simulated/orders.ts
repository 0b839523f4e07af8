/**
 * How every change happens: under a lock, with a fence that was not overtaken, durable before it is
 * counted, and counted before anybody hears of it.
 */
import { EngineError, FencedError, type Order } from '../engine.ts'
import { Locks } from '../locks.ts'
import type { World, WorldStore } from './state.ts'
import type { Clock, Watcher } from './watcher.ts'

/** One side effect that the world could see. Each `.create` has its `.delete`. */
type EffectName =
  | 'address.create'
  | 'address.delete'
  | 'disk.create'
  | 'disk.delete'
  | 'disk.rollback'
  | 'machine.start'
  | 'machine.hibernate'
  | 'machine.resume'
  | 'machine.stop'
  | 'machine.reboot'
  | 'firewall.apply'
  | 'public-address.create'
  | 'public-address.delete'
  | 'snapshot.create'
  | 'snapshot.delete'
  | 'export.create'
  | 'export.delete'
  | 'upload.delete'
  | 'image.create'
  | 'image.delete'
  | 'volume.create'
  | 'volume.delete'
  | 'volume.attach'
  | 'volume.detach'
  | 'volume.resize'

/** Called after an effect is durable and before anybody hears of it: throwing is a crash there. */
export type EffectHook = (effect: EffectName, thing: string) => void | Promise<void>

/** Enough for any test, and a bound for a demo that runs for months. */
const EFFECTS_KEPT = 10_000

export class Orders {
  readonly #store: WorldStore
  readonly #watcher: Watcher
  readonly #clock: Clock
  readonly #onEffect: EffectHook | undefined
  readonly #locks = new Locks()
  readonly #closing = new AbortController()
  readonly #effects: string[] = []

  constructor(store: WorldStore, watcher: Watcher, clock: Clock, onEffect?: EffectHook) {
    this.#store = store
    this.#watcher = watcher
    this.#clock = clock
    this.#onEffect = onEffect
  }

  /** The last 10,000 effects, oldest first: `disk.create <uuid>`. */
  effects(): readonly string[] {
    return [...this.#effects]
  }

  /** Ends what waits; nothing changes the world afterwards. */
  close(): void {
    this.#closing.abort(new EngineError('The simulated engine was closed', { retryable: true }))
  }

  /**
   * Works on `thing` when its turn has come. The fence is remembered at once, so that an older order
   * in the middle of its work is refused its next effect.
   */
  async run<T>(thing: string, order: Order, work: () => Promise<T>): Promise<T> {
    const signal = this.#signalOf(order)
    try {
      await this.#store.update((world) => {
        signal.throwIfAborted()
        refuseLate(world, thing, order)
        if (world.fences[thing] === order.fence) return world
        return { ...world, fences: { ...world.fences, [thing]: order.fence } }
      })
      return await this.#locks.run(thing, work, signal)
    } catch (error) {
      throw signal.aborted && !(error instanceof EngineError) ? calledOff(order, error) : error
    }
  }

  /** Lets time pass; rejects when the order is called off. */
  async wait(ms: number, order: Order): Promise<void> {
    if (ms > 0) await this.#clock.sleep(ms, this.#signalOf(order))
  }

  /** One effect. When `change` throws there was none. */
  async apply(
    effect: EffectName,
    thing: string,
    order: Order,
    change: (world: World) => World,
  ): Promise<void> {
    await this.change(thing, (world) => {
      this.#signalOf(order).throwIfAborted()
      refuseLate(world, thing, order)
      return change(world)
    })
    this.#effects.push(`${effect} ${thing}`)
    if (this.#effects.length > EFFECTS_KEPT) this.#effects.shift()
    await this.#onEffect?.(effect, thing)
  }

  /** A change that nobody ordered. */
  async change(thing: string, change: (world: World) => World): Promise<void> {
    const before = this.#store.world.machines[thing]?.power
    await this.#store.update(change)
    const after = this.#store.world.machines[thing]?.power
    if (after !== before) this.#watcher.follow(thing, after)
  }

  #signalOf(order: Order): AbortSignal {
    const closing = this.#closing.signal
    return order.signal === undefined ? closing : AbortSignal.any([closing, order.signal])
  }
}

function refuseLate(world: World, thing: string, order: Order): void {
  const newest = world.fences[thing] ?? Number.NEGATIVE_INFINITY
  if (order.fence < newest)
    throw new FencedError(
      `Operation ${order.operation} is late: ${thing} has had orders up to fence ${newest}, this is ${order.fence}`,
    )
}

function calledOff(order: Order, cause: unknown): EngineError {
  const message = `Operation ${order.operation} was called off`
  return new EngineError(message, { retryable: true, cause })
}
