/** Tells listeners when the times in machines' records come: guests up, machines dead. */
import type { EngineEvent } from '../engine.ts'
import type { Power } from './state.ts'

/** The time that simulated machines live by. */
export type Clock = {
  now(): Date
  /** Rejects when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export class Watcher {
  readonly #clock: Clock
  readonly #listeners = new Set<(event: EngineEvent) => void>()
  readonly #watches = new Map<string, AbortController>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Answers how to stop listening. */
  listen(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Replaces what was to come for the machine. What is due already is told at once. */
  follow(machine: string, power: Power | undefined): void {
    this.#watches.get(machine)?.abort()
    this.#watches.delete(machine)
    if (power === undefined || !power.on) return
    const watch = new AbortController()
    this.#watches.set(machine, watch)
    if (power.guestUpAt !== null)
      void this.#tell({ kind: 'guest-up', machine }, power.guestUpAt, watch.signal)
    if (power.ends !== null)
      void this.#tell({ kind: 'machine-changed', machine }, power.ends.at, watch.signal)
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.abort()
    this.#watches.clear()
    this.#listeners.clear()
  }

  async #tell(event: EngineEvent, at: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#sleepUntil(at, signal)
      // A timer may fire a moment early, and what is told then cannot be observed yet.
      await this.#sleepUntil(at, signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    if (signal.aborted) return
    for (const listener of [...this.#listeners]) listener(event)
  }

  async #sleepUntil(at: number, signal: AbortSignal): Promise<void> {
    const left = at - this.#clock.now().getTime()
    if (left > 0) await this.#clock.sleep(left, signal)
  }
}
