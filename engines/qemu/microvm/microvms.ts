/**
 * MicroVMs of this host: a QEMU each, that goes on from a snapshot's memory. This file is the interface; see
 *
 *     start.ts · wake.ts                  a machine of a snapshot, and telling it who it is
 *     pool.ts · standby.ts                processes that wait for that
 *     suspend.ts · take-snapshot.ts       what is kept of it, and the way back
 *     capture.ts                          memory as files
 *     given.ts                            environment that no snapshot may have
 *     spawn.ts · live.ts · arguments.ts   a process, and the lines to it
 *     host.ts · records.ts · paths.ts     what they all share, and what is written down of it
 *     network.ts · egress.ts              what it may reach
 *     agent/                              what can be done inside
 *     build.ts · images/                  how a snapshot is made of an image, and where that comes from
 */
import type { Duplex, Readable } from 'node:stream'
import {
  type Command,
  type EgressPolicy,
  EngineError,
  type ExecuteResult,
  type ExecuteSpec,
  type MicrovmBuildSpec,
  type MicrovmCapabilities,
  type MicrovmEngine,
  type MicrovmEvent,
  type MicrovmHoldings,
  type MicrovmPoolCounters,
  type MicrovmSnapshotResult,
  type MicrovmSpec,
  type MicrovmStart,
  type MicrovmState,
  NotFoundError,
  NotRunningError,
  type Order,
  type Pty,
  type PtySize,
} from '../../engine.ts'
import type { Orders } from '../orders.ts'
import { asUuid } from '../paths.ts'
import type { MicrovmGuest } from './agent/guest.ts'
import { buildSnapshot } from './build.ts'
import { requireEnforceable } from './egress.ts'
import { giveBack } from './given.ts'
import { MicrovmHost, type MicrovmHostOptions } from './host.ts'
import type { LiveMicrovm } from './live.ts'
import { applyPolicy } from './network.ts'
import type { MicrovmRecord, MicrovmSnapshotRecord } from './records.ts'
import { type Started, startMicrovm } from './start.ts'
import { goOnAgain, goOnFinally, keepMemory, leavePlace } from './suspend.ts'
import { takeMicrovmSnapshot } from './take-snapshot.ts'

export type QemuMicrovmsOptions = MicrovmHostOptions & { readonly orders: Orders }

export class QemuMicrovms implements MicrovmEngine {
  readonly #host: MicrovmHost
  readonly #orders: Orders
  readonly #mending = new Set<string>()
  readonly #listeners = new Set<(event: MicrovmEvent) => void>()

  constructor(options: QemuMicrovmsOptions) {
    this.#orders = options.orders
    this.#host = new MicrovmHost(options, (microvm) => {
      for (const listener of this.#listeners)
        queueMicrotask(() => listener({ kind: 'microvm-changed', microvm }))
    })
  }

  /** Knows what there is; before {@link start}. */
  load(): Promise<void> {
    return this.#host.load()
  }

  /** Adopts what runs, ends what waited. */
  async start(): Promise<void> {
    await this.#host.open()
    for (const [id, live] of this.#host.live) void this.#mendGiven(id, live)
  }

  /** Machines run on; those that wait in the pool end. */
  close(): Promise<void> {
    return this.#host.close()
  }

  /** Resolves when as many wait as are to. */
  fillPool(): Promise<void> {
    return this.#host.pool.filled()
  }

  /** Leaves everything as it is, as if this process had been killed. */
  abandon(): Promise<void> {
    return this.#host.abandon()
  }

  /** Whether there is any such thing, e.g. for fences; once it is loaded. */
  has(thing: string): boolean {
    return this.#host.has(thing)
  }

  capabilities(): MicrovmCapabilities {
    return { simulated: false, egress: true, oci: true }
  }

  ensureMicrovm(spec: MicrovmSpec, order: Order): Promise<Started> {
    return this.#orders.run(spec.id, order, async (signal) => {
      requireEnforceable(spec.egress)
      const there = this.#host.machines.get(spec.id)
      if (there?.start) return { ...this.#stateOf(spec.id, there), start: there.start }
      // Of a start that a crash cut short nobody knows how far it got.
      if (there !== undefined) await this.#host.remove(spec.id)
      const snapshot = this.#snapshot(spec.snapshot, spec.tenant)
      const start = await startMicrovm(this.#host, spec, snapshot, signal)
      return { ...this.#stateOf(spec.id, this.#found(spec.id)), start }
    })
  }

  ensureMicrovmSuspended(microvm: string, order: Order): Promise<void> {
    return this.#orders.run(microvm, order, async () => {
      const record = this.#found(microvm)
      if (record.suspended) {
        await leavePlace(this.#host, microvm, record)
        return
      }
      if (record.start === null) await goOnFinally(this.#host, microvm)
      await keepMemory(this.#host, microvm, this.#found(microvm))
    })
  }

  ensureMicrovmResumed(microvm: string, order: Order): Promise<Started> {
    return this.#orders.run(microvm, order, async () => {
      const record = this.#found(microvm)
      if (record.suspended) await goOnAgain(this.#host, microvm, record)
      else if (record.start === null) await goOnFinally(this.#host, microvm)
      const now = this.#found(microvm)
      return { ...this.#stateOf(microvm, now), start: now.start as MicrovmStart }
    })
  }

  ensureMicrovmGone(microvm: string, order: Order): Promise<void> {
    return this.#orders.run(microvm, order, () => this.#host.remove(microvm))
  }

  ensureMicrovmSnapshot(
    microvm: string,
    snapshot: string,
    order: Order,
  ): Promise<MicrovmSnapshotResult> {
    return this.#orders.run(snapshot, order, async (signal) => {
      const there = this.#host.snapshots.get(snapshot)
      if (there !== undefined) return resultOf(there)
      const taken = await this.#orders.runUnordered(
        microvm,
        () => takeMicrovmSnapshot(this.#host, microvm, this.#found(microvm), snapshot),
        signal,
      )
      return resultOf(taken)
    })
  }

  ensureMicrovmSnapshotGone(snapshot: string, order: Order): Promise<void> {
    return this.#orders.run(snapshot, order, () => this.#host.removeSnapshot(snapshot))
  }

  buildMicrovmSnapshot(spec: MicrovmBuildSpec, log: (line: string) => void, order: Order) {
    return this.#orders.run(spec.id, order, async (signal) => {
      requireEnforceable(spec.egress)
      const there = this.#host.snapshots.get(spec.id)
      if (there !== undefined) return resultOf(there)
      return resultOf(await buildSnapshot(this.#host, spec, log, signal))
    })
  }

  applyEgress(microvm: string, policy: EgressPolicy, order: Order): Promise<void> {
    return this.#orders.run(microvm, order, async () => {
      requireEnforceable(policy)
      const record = this.#found(microvm)
      await this.#host.machines.put(microvm, { ...record, egress: policy })
      if (record.slot !== null && !record.suspended)
        await applyPolicy(this.#host.layoutOf(record.slot.number), policy)
    })
  }

  async execute(microvm: string, spec: ExecuteSpec, signal?: AbortSignal): Promise<ExecuteResult> {
    return (await this.#guest(microvm)).execute(spec, signal)
  }

  async readFile(microvm: string, path: string): Promise<Readable> {
    return (await this.#guest(microvm)).readFile(path)
  }

  async writeFile(
    microvm: string,
    path: string,
    content: AsyncIterable<Uint8Array>,
    options?: {
      readonly mode?: number
      readonly mostBytes?: number
      readonly signal?: AbortSignal
    },
  ): Promise<{ sizeBytes: number }> {
    return (await this.#guest(microvm)).writeFile(path, content, options)
  }

  async readFolder(microvm: string, path: string): Promise<Readable> {
    return (await this.#guest(microvm)).readFolder(path)
  }

  async openPty(
    microvm: string,
    size: PtySize,
    options?: { readonly command?: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<Pty> {
    return (await this.#guest(microvm)).openPty(size, options)
  }

  async openCommand(
    microvm: string,
    command: string | null,
    options?: { readonly env?: Readonly<Record<string, string>> },
  ): Promise<Command> {
    return (await this.#guest(microvm)).openCommand(command, options)
  }

  async connectPort(microvm: string, port: number): Promise<Duplex> {
    return (await this.#guest(microvm)).connectPort(port)
  }

  async observeMicrovm(microvm: string): Promise<MicrovmState> {
    const record = this.#host.machines.get(asUuid(microvm))
    if (record === undefined) return { id: microvm, status: 'absent', address: null }
    return this.#stateOf(microvm, record)
  }

  async microvmHoldings(): Promise<MicrovmHoldings> {
    return {
      microvms: this.#host.machines.entries().map(([id, record]) => this.#stateOf(id, record)),
      snapshots: this.#host.snapshots.entries().map(([id]) => id),
    }
  }

  onMicrovmEvent(listener: (event: MicrovmEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  poolCounters(): MicrovmPoolCounters {
    const { waiting, hits, misses } = this.#host.pool
    return { waiting, hits, misses }
  }

  #stateOf(id: string, record: MicrovmRecord): MicrovmState {
    if (record.suspended) return { id, status: 'suspended', address: null }
    const isLive = this.#host.live.has(id)
    if (!isLive || record.slot === null)
      return { id, status: 'dead', address: null, detail: 'Its process has ended' }
    return { id, status: 'running', address: this.#host.layoutOf(record.slot.number).address }
  }

  /** What its guest was left without when a capture was cut short, or it was silent. Never rejects. */
  async #mendGiven(id: string, live: LiveMicrovm): Promise<void> {
    const record = this.#host.machines.get(id)
    // Of one that is still being resumed, whoever does that gives it back.
    if (!record?.given || record.start === null || this.#mending.has(id)) return
    this.#mending.add(id)
    const mend = async () => {
      if (this.#host.live.get(id) === live) await giveBack(this.#host, id, live)
    }
    await this.#orders.runUnordered(id, mend).catch(() => {})
    this.#mending.delete(id)
  }

  #found(microvm: string): MicrovmRecord {
    const record = this.#host.machines.get(asUuid(microvm))
    if (record === undefined) throw new NotFoundError(`There is no microVM ${microvm}`)
    return record
  }

  #snapshot(id: string, tenant: string): MicrovmSnapshotRecord & { id: string } {
    const record = this.#host.snapshots.get(asUuid(id))
    if (record === undefined || !(record.isPublic || record.tenant === tenant))
      throw new NotFoundError(`There is no snapshot ${id}`)
    return { ...record, id }
  }

  async #guest(microvm: string): Promise<MicrovmGuest> {
    const record = this.#found(microvm)
    const live = this.#host.live.get(microvm)
    if (record.suspended) throw new NotRunningError('It is suspended; resume it first')
    if (live === undefined) throw new NotRunningError('Its process has ended')
    if (record.start === null) throw new EngineError('It is being started', { retryable: true })
    const guest = await live.guest()
    void this.#mendGiven(microvm, live)
    return guest
  }
}

function resultOf(record: MicrovmSnapshotRecord): MicrovmSnapshotResult {
  const { sizeBytes, vcpus, memoryMib, pausedMs } = record
  return { sizeBytes, vcpus, memoryMib, pausedMs }
}
