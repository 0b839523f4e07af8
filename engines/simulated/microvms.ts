/**
 * MicroVMs that exist in memory only: copies of a snapshot's variables and files, and a shell that knows a
 * dozen words. They are forgotten when the engine is closed, as nothing of them was ever real.
 */
import { createServer } from 'node:http'
import { Duplex, Readable } from 'node:stream'
import {
  CapacityError,
  type Command,
  type EgressPolicy,
  EngineError,
  type ExecuteResult,
  type ExecuteSpec,
  GuestError,
  type MicrovmBuildSpec,
  type MicrovmCapabilities,
  type MicrovmEngine,
  type MicrovmEvent,
  type MicrovmSnapshotResult,
  type MicrovmSpec,
  type MicrovmStart,
  type MicrovmState,
  NotFoundError,
  NotRunningError,
  type Order,
  type Pty,
} from '../engine.ts'
import { copyOf, emptyGuest, type PlayedGuest, play } from './microvm-guest.ts'

/** The verbs that the engine's own orders give: a fence, and a turn. */
export type OrderedWork = <T>(thing: string, order: Order, work: () => Promise<T>) => Promise<T>

type Snapshot = {
  readonly tenant: string
  readonly isPublic: boolean
  readonly result: MicrovmSnapshotResult
  readonly guest: PlayedGuest
}

type Microvm = {
  readonly spec: MicrovmSpec
  readonly start: MicrovmStart
  readonly guest: PlayedGuest
  readonly address: string
  status: 'running' | 'suspended'
  egress: EgressPolicy
  /** Cuts each terminal that is open. */
  readonly ptys: Set<() => void>
}

/** The only port that anybody listens on, in every machine. */
const PORT = 8080
const MOST = 1000

export class SimulatedMicrovms implements MicrovmEngine {
  readonly #run: OrderedWork
  readonly #notice: string
  readonly #microvms = new Map<string, Microvm>()
  readonly #snapshots = new Map<string, Snapshot>()
  readonly #listeners = new Set<(event: MicrovmEvent) => void>()
  #hits = 0

  constructor(run: OrderedWork, notice: string) {
    this.#run = run
    this.#notice = notice
  }

  capabilities(): MicrovmCapabilities {
    return { simulated: true, egress: true, oci: true }
  }

  ensureMicrovm(spec: MicrovmSpec, order: Order) {
    return this.#run(spec.id, order, async () => {
      const there = this.#microvms.get(spec.id)
      if (there !== undefined) return { ...stateOf(spec.id, there), start: there.start }
      const snapshot = this.#snapshots.get(spec.snapshot)
      if (snapshot === undefined || !(snapshot.isPublic || snapshot.tenant === spec.tenant))
        throw new NotFoundError(`There is no snapshot ${spec.snapshot}`)
      if (this.#microvms.size >= MOST)
        throw new CapacityError(`At most ${MOST} simulated microVMs run at once`)
      const { vcpus, memoryMib } = snapshot.result
      const fits = vcpus === spec.vcpus && memoryMib === spec.memoryMib
      const guest = copyOf(snapshot.guest)
      Object.assign(guest.variables, spec.identity.env)
      guest.hostname = spec.identity.hostname
      const number = this.#microvms.size
      const microvm: Microvm = {
        ...{ spec, guest, egress: spec.egress, status: 'running', ptys: new Set() },
        address: `192.0.2.${(number % 250) + 1}`,
        start: {
          ...(fits ? { how: 'memory' } : { how: 'cold-boot', why: 'It has another size.' }),
          ...{ pooled: fits, hostMs: 6 },
        },
      }
      this.#microvms.set(spec.id, microvm)
      this.#hits++
      return { ...stateOf(spec.id, microvm), start: microvm.start }
    })
  }

  ensureMicrovmSuspended(id: string, order: Order): Promise<void> {
    return this.#run(id, order, async () => {
      const microvm = this.#found(id)
      microvm.status = 'suspended'
      for (const cut of microvm.ptys) cut()
    })
  }

  ensureMicrovmResumed(id: string, order: Order) {
    return this.#run(id, order, async () => {
      const microvm = this.#found(id)
      microvm.status = 'running'
      return { ...stateOf(id, microvm), start: microvm.start }
    })
  }

  ensureMicrovmGone(id: string, order: Order): Promise<void> {
    return this.#run(id, order, async () => {
      for (const cut of this.#microvms.get(id)?.ptys ?? []) cut()
      this.#microvms.delete(id)
    })
  }

  ensureMicrovmSnapshot(id: string, snapshot: string, order: Order) {
    return this.#run(snapshot, order, async () => {
      const there = this.#snapshots.get(snapshot)
      if (there !== undefined) return there.result
      const { spec, guest, status } = this.#found(id)
      const taken = copyOf(guest)
      for (const name of Object.keys(spec.identity.env)) delete taken.variables[name]
      return this.#keep(snapshot, spec, false, taken, status === 'running' ? 1 : 0)
    })
  }

  ensureMicrovmSnapshotGone(snapshot: string, order: Order): Promise<void> {
    return this.#run(snapshot, order, async () => {
      this.#snapshots.delete(snapshot)
    })
  }

  buildMicrovmSnapshot(spec: MicrovmBuildSpec, log: (line: string) => void, order: Order) {
    return this.#run(spec.id, order, async () => {
      const there = this.#snapshots.get(spec.id)
      if (there !== undefined) return there.result
      log(this.#notice)
      const guest = emptyGuest()
      Object.assign(guest.variables, spec.env)
      for (const { title, shell } of spec.commands) {
        order.signal?.throwIfAborted()
        log(title)
        const { exitCode, stdout, stderr } = play(guest, 'bash', shell, spec.limitMs)
        for (const line of (stdout + stderr).split('\n').filter(Boolean)) log(line)
        if (exitCode !== 0 && exitCode !== 127)
          throw new GuestError('failed', `${title} failed with exit code ${exitCode}`)
      }
      return this.#keep(spec.id, spec, spec.isPublic, guest)
    })
  }

  applyEgress(id: string, policy: EgressPolicy, order: Order): Promise<void> {
    return this.#run(id, order, async () => {
      this.#found(id).egress = policy
    })
  }

  async execute(id: string, spec: ExecuteSpec, signal?: AbortSignal): Promise<ExecuteResult> {
    const { guest } = this.#running(id)
    signal?.throwIfAborted()
    Object.assign(guest.variables, spec.env)
    return play(guest, spec.language, spec.code, spec.timeoutMs)
  }

  async readFile(id: string, path: string): Promise<Readable> {
    const { files } = this.#running(id).guest
    const content = files.get(path)
    if (content !== undefined) return Readable.from([content])
    const isFolder = [...files.keys()].some((name) => name.startsWith(`${path}/`))
    if (isFolder) throw new GuestError('failed', 'It is a folder')
    throw new GuestError('not-found', 'No such file or directory')
  }

  async writeFile(
    id: string,
    path: string,
    content: AsyncIterable<Uint8Array>,
    {
      mostBytes = Number.POSITIVE_INFINITY,
      signal,
    }: { mode?: number; mostBytes?: number; signal?: AbortSignal } = {},
  ): Promise<{ sizeBytes: number }> {
    const pieces: Uint8Array[] = []
    let sizeBytes = 0
    for await (const piece of content) {
      signal?.throwIfAborted()
      sizeBytes += piece.length
      if (sizeBytes > mostBytes) throw new GuestError('full', `It has more than ${mostBytes} bytes`)
      pieces.push(piece)
    }
    this.#running(id).guest.files.set(path, Buffer.concat(pieces))
    return { sizeBytes }
  }

  async readFolder(): Promise<Readable> {
    throw new GuestError('failed', 'Simulated machines have no tar')
  }

  async openPty(id: string): Promise<Pty> {
    const { guest, ptys } = this.#running(id)
    const exited = Promise.withResolvers<number | null>()
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _, done) {
        this.push(chunk.toString().replaceAll(/\r\n?|\n/g, '\r\n'))
        for (const line of chunk
          .toString()
          .split(/[\r\n]+/)
          .filter(Boolean)) {
          const { stdout, stderr, exitCode, ended } = play(guest, 'bash', line, 600_000)
          this.push((stdout + stderr).replaceAll('\n', '\r\n'))
          if (ended) exited.resolve(exitCode)
          if (ended) this.push(null)
        }
        done()
      },
      destroy(error, done) {
        ptys.delete(cut)
        exited.resolve(129)
        done(error)
      },
    })
    const cut = () => {
      exited.resolve(null)
      stream.destroy()
    }
    ptys.add(cut)
    stream.push(`${this.#notice}\r\n`)
    return { stream, exited: exited.promise, resize() {} }
  }

  async openCommand(id: string, command: string | null): Promise<Command> {
    const { guest, ptys, spec } = this.#running(id)
    // Its variables are its own, its files are the machine's.
    const own = { ...guest, variables: { ...spec.identity.env } }
    const exited = Promise.withResolvers<Awaited<Command['exited']>>()
    const errors = new Readable({ read() {} })
    const typed: Buffer[] = []
    const waits = command === null || command === 'cat'
    const finish = () => {
      const input = Buffer.concat(typed)
      const shell = command ?? input.toString()
      const played = play(own, 'bash', command === 'cat' ? 'true' : shell, 600_000)
      stream.push(command === 'cat' ? input : played.stdout)
      errors.push(played.stderr)
      for (const each of [stream, errors]) each.push(null)
      exited.resolve(played)
    }
    const stream = new Duplex({
      read() {},
      write(chunk: Buffer, _, done) {
        typed.push(chunk)
        done()
      },
      final(done) {
        if (waits) finish()
        done()
      },
      destroy(error, done) {
        ptys.delete(cut)
        errors.destroy()
        exited.resolve({ exitCode: 137, seconds: 0, cpuSeconds: 0 })
        done(error)
      },
    })
    const cut = () => {
      exited.resolve(null)
      stream.destroy()
    }
    ptys.add(cut)
    if (!waits) finish()
    return { stream, errors, exited: exited.promise }
  }

  async connectPort(id: string, port: number): Promise<Duplex> {
    const { guest } = this.#running(id)
    if (port !== PORT)
      throw new GuestError(
        'not-found',
        `Nobody listens; simulated machines do on port ${PORT} only`,
      )
    const server = createServer((request, response) => {
      const body = `${this.#notice} ${guest.hostname} was asked for ${request.url}\n`
      response.setHeader('content-type', 'text/plain').end(body)
    })
    const [here, there] = duplexPair()
    server.emit('connection', there)
    return here
  }

  async observeMicrovm(id: string): Promise<MicrovmState> {
    const found = this.#microvms.get(id)
    return found === undefined ? { id, status: 'absent', address: null } : stateOf(id, found)
  }

  async microvmHoldings() {
    return {
      microvms: [...this.#microvms].map(([id, microvm]) => stateOf(id, microvm)),
      snapshots: [...this.#snapshots.keys()],
    }
  }

  onMicrovmEvent(listener: (event: MicrovmEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  poolCounters() {
    return { waiting: 0, hits: this.#hits, misses: 0 }
  }

  /** What a machine may reach as of now. */
  egressOf(id: string): EgressPolicy {
    return this.#found(id).egress
  }

  #keep(
    id: string,
    { tenant, vcpus, memoryMib }: Pick<MicrovmSpec, 'tenant' | 'vcpus' | 'memoryMib'>,
    isPublic: boolean,
    guest: PlayedGuest,
    pausedMs = 1,
  ): MicrovmSnapshotResult {
    const result = { sizeBytes: 64 * 2 ** 20, vcpus, memoryMib, pausedMs }
    this.#snapshots.set(id, { tenant, isPublic, result, guest })
    return result
  }

  #found(id: string): Microvm {
    const found = this.#microvms.get(id)
    if (found === undefined) throw new NotFoundError(`There is no microVM ${id}`)
    return found
  }

  #running(id: string): Microvm {
    const found = this.#found(id)
    if (found.status !== 'running') throw new NotRunningError('It is suspended; resume it first')
    return found
  }
}

function stateOf(id: string, { status, address }: Microvm): MicrovmState {
  return { id, status, address: status === 'running' ? address : null }
}

/** Two ends of one line. */
function duplexPair(): [Duplex, Duplex] {
  const made: Duplex[] = []
  const end = (other: () => Duplex | undefined) =>
    new Duplex({
      read() {},
      write(chunk, _, done) {
        other()?.push(chunk)
        done()
      },
      final(done) {
        other()?.push(null)
        done()
      },
    })
  const first = end(() => made[1])
  const second = end(() => made[0])
  made.push(first, second)
  if (made.length !== 2) throw new EngineError('A line has two ends')
  return [first, second]
}
