/**
 * What Garrison asks of whatever runs microVMs: machines that begin as copies of a snapshot's memory, run
 * in milliseconds, do what they are told over a line of their own, and are gone soon.
 *
 * It is a part that an {@link Engine} may have, with the same laws: verbs *ensure*, carry an
 * {@link Order}, refuse a fence that was overtaken, and throw {@link EngineError}s only. Ids are UUIDs of
 * the server. Lifetimes, names, prices and who may do what are the server's business.
 *
 * The guest is hostile: nothing that comes out of it is believed, and everything is bounded.
 */
import type { Duplex, Readable } from 'node:stream'
import { EngineError } from './errors.ts'
import type { Order } from './terms.ts'

/**
 * Of its memory, what a microVM counts with when room is looked for. It shares what it has not written with
 * the snapshot that it began from, lives for minutes, and is the first to end where memory runs out.
 */
export const microvmMemoryShare = 0.25

/** Private or reserved: nobody gets there by saying "the internet", and who may name them is asked by the server. */
export const NOT_INTERNET = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16'],
  ...['172.16.0.0/12', '192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'],
]

export type MicrovmCapabilities = {
  /** Nothing runs: commands are answered by a few lines that play a shell; every answer says so. */
  readonly simulated: boolean
  /** What machines may reach can be narrowed down; without it every policy but the open one is refused. */
  readonly egress: boolean
  /** Images of registries can be unpacked here. */
  readonly oci: boolean
}

/**
 * What a machine may reach. Nothing unless it is said; private, link-local and metadata addresses, the host
 * and other machines never, unless `cidrs` names them, and machines not even then.
 */
export type EgressPolicy = {
  /** Everything in the internet, whatever else is said. */
  readonly open: boolean
  /** Registries of Debian, Ubuntu, Alpine, PyPI and npm. */
  readonly packageManagers: boolean
  /** Ports 80 and 443 of everything in the internet. */
  readonly http: boolean
  readonly https: boolean
  /** All ports of what these names, and names below them (`*.`), resolve to; at most 100. */
  readonly domains: readonly string[]
  /** IPv4 networks, all ports; at most 100. */
  readonly cidrs: readonly string[]
}

export const NO_EGRESS: EgressPolicy = {
  ...{ open: false, packageManagers: false, http: false, https: false, domains: [], cidrs: [] },
}

/** What a machine learns about itself when it wakes. None of it gets into a snapshot but by the machine's own doing. */
export type MicrovmIdentity = {
  /** 1..63 of `[a-z0-9-]`. */
  readonly hostname: string
  /** For every command and session from then on. Names of `[A-Za-z_][A-Za-z0-9_]*`; 64 KiB in all. */
  readonly env: Readonly<Record<string, string>>
}

export type MicrovmSpec = {
  readonly id: string
  /** UUID of the account. A snapshot of another one must be public. */
  readonly tenant: string
  readonly snapshot: string
  /**
   * 1..8, and MiB, 128..8192. A snapshot's memory continues with what it was taken with; anything else boots from
   * its disk, which {@link MicrovmStart} says.
   */
  readonly vcpus: number
  readonly memoryMib: number
  readonly identity: MicrovmIdentity
  readonly egress: EgressPolicy
}

export type MicrovmStatus =
  | 'running'
  /** Nothing runs; memory and disk are kept. */
  | 'suspended'
  /** Its process ended, or the guest powered itself off; its disk is there until it is to be gone. */
  | 'dead'
  | 'absent'
  /** Never to be read as dead. */
  | 'unknown'

export type MicrovmState = {
  readonly id: string
  readonly status: MicrovmStatus
  /** Where the host reaches it, subject to nothing but the host's own rules; `null` unless it runs. */
  readonly address: string | null
  /** Words for a person, where there is something to say. */
  readonly detail?: string
}

/** How a machine came to run. */
export type MicrovmStart = {
  readonly how: 'memory' | 'cold-boot'
  /** Why it booted although there may be memory; a sentence. */
  readonly why?: string | undefined
  /** A started QEMU was waiting for it. */
  readonly pooled: boolean
  /** Milliseconds from the call until its virtual CPUs ran. */
  readonly hostMs: number
}

export type MicrovmSnapshotResult = {
  /** Bytes on disk that are its own: disk above the layer below, and memory. */
  readonly sizeBytes: number
  readonly vcpus: number
  readonly memoryMib: number
  /** Milliseconds that the machine stood still. */
  readonly pausedMs: number
}

export type MicrovmBuildSpec = {
  /** UUID of the snapshot that it becomes. */
  readonly id: string
  readonly tenant: string
  /** All tenants may start machines of it. */
  readonly isPublic: boolean
  readonly source:
    | { readonly kind: 'base'; readonly name: string }
    /** `docker://registry/path:tag`, `docker://registry/path@sha256:…`, or, for operators, `oci:/absolute/folder:tag`. */
    | { readonly kind: 'oci'; readonly reference: string }
  /** Of the machine it is built in, and of those that continue its memory. */
  readonly vcpus: number
  readonly memoryMib: number
  /** GB (10^9 bytes), 1..16. `null`: what the content needs, with headroom. */
  readonly diskGb: number | null
  /** Run one after the other by the image's shell as root, in `/app`; each must end with 0. */
  readonly commands: readonly { readonly title: string; readonly shell: string }[]
  /** Kept in the snapshot, and set in every machine of it. */
  readonly env: Readonly<Record<string, string>>
  /** What it may reach while it is built. */
  readonly egress: EgressPolicy
  /** Milliseconds for all of it. */
  readonly limitMs: number
}

export type Language = 'python' | 'bash'

export type ExecuteSpec = {
  readonly language: Language
  /** At most 1 MiB. State is kept between calls: variables, the working directory, what is running. */
  readonly code: string
  /**
   * 1..600,000, from the call on: waiting for other code of the language counts, and code that has not begun by
   * then never does (`busy`). Of what runs the language's process and its children are killed, and its state is lost.
   */
  readonly timeoutMs: number
  /** Stays set for later calls of this language. */
  readonly env?: Readonly<Record<string, string>>
}

export type ExecuteResult = {
  /** 0..255; 124 when the time was up; 128 and the signal when it was killed. */
  readonly exitCode: number
  /** At most {@link OUTPUT_BYTES} of each; not necessarily valid UTF-8, so what is not is replaced. */
  readonly stdout: string
  readonly stderr: string
  /** More was printed than is here. */
  readonly truncated: boolean
  /** Wall time in the guest, by the host's clock. */
  readonly seconds: number
  /** As the guest says. */
  readonly cpuSeconds: number
  readonly timedOut: boolean
}

export const OUTPUT_BYTES = 1024 * 1024

/** A terminal: what is typed goes in, what is shown comes out. It ends when the program does. */
export type Pty = {
  readonly stream: Duplex
  resize(size: PtySize): void
  /** Resolves with the exit code, as in {@link ExecuteResult}; `null` when the machine or its line was lost. */
  readonly exited: Promise<number | null>
}

/** A command that runs by itself, beside whatever else does. */
export type Command = {
  /**
   * What is written is its input, which ends when the stream is ended; what is read is its output. To be destroyed
   * when it is over; before, that ends the command with whatever it started.
   */
  readonly stream: Duplex
  /** What it prints as errors. To be read, or it waits. */
  readonly errors: Readable
  /** Resolves with its end, as in {@link ExecuteResult}; `null` when the machine or its line was lost. */
  readonly exited: Promise<Pick<ExecuteResult, 'exitCode' | 'seconds' | 'cpuSeconds'> | null>
}

/** 1..1000 each. */
export type PtySize = { readonly columns: number; readonly rows: number }

export type MicrovmEvent = {
  /** Something changed without being asked for: observe before acting. */
  readonly kind: 'microvm-changed'
  readonly microvm: string
}

/** What an engine keeps, for reconciliation with the database. */
export type MicrovmHoldings = {
  readonly microvms: readonly MicrovmState[]
  readonly snapshots: readonly string[]
}

/** Counters since the engine was started, for metrics. */
export type MicrovmPoolCounters = {
  readonly waiting: number
  readonly hits: number
  readonly misses: number
}

/**
 * A command, file or path of a guest that is not as asked; the message is for the one who asked.
 */
export class GuestError extends EngineError {
  override name = 'GuestError'
  /**
   * `not-found`, `exists`, `denied`, `no-language` (the image has no such interpreter), `full`, `failed`;
   * `busy`: other code ran all the while, or until it was called off; `silent`: the guest did not answer in time.
   */
  readonly reason: string
  constructor(reason: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.reason = reason
  }
}

export interface MicrovmEngine {
  capabilities(): MicrovmCapabilities

  /**
   * The machine runs, with an identity, disk and memory of its own, and has answered; asked again, what is there is
   * answered with how it came to run. A suspended one stays suspended: see {@link ensureMicrovmResumed}. Its policy
   * holds from its first packet. Throws {@link NotFoundError} for a snapshot that is not there,
   * {@link CapacityError} when there is no room, {@link EngineError} when the guest does not answer: then nothing
   * is left of it.
   */
  ensureMicrovm(spec: MicrovmSpec, order: Order): Promise<MicrovmState & { start: MicrovmStart }>
  /** Memory goes to disk, the process ends. Throws {@link NotRunningError} for one that is dead. */
  ensureMicrovmSuspended(microvm: string, order: Order): Promise<void>
  /** Goes on where it was, with the identity and policy that it had. Fine when it runs. */
  ensureMicrovmResumed(
    microvm: string,
    order: Order,
  ): Promise<MicrovmState & { start: MicrovmStart }>
  /** At once; its snapshots stay. */
  ensureMicrovmGone(microvm: string, order: Order): Promise<void>

  /**
   * Disk and memory at one point in time of a machine that runs, and goes on, or is suspended, and stays so. Environment
   * that was given at start is taken out of the agent and of the shells that it keeps for {@link execute} before, and
   * given back after; what programs of the machine have copied or still run with, is theirs. Throws
   * {@link GuestError} when the guest does not answer to that.
   */
  ensureMicrovmSnapshot(
    microvm: string,
    snapshot: string,
    order: Order,
  ): Promise<MicrovmSnapshotResult>
  /** Machines of it go on. */
  ensureMicrovmSnapshotGone(snapshot: string, order: Order): Promise<void>
  /**
   * Makes a snapshot of an image: unpacked, booted, commands run inside, warmed up, captured with memory. `log` gets
   * what is printed, line by line, at most 1 MiB. Throws {@link GuestError} when a command fails, with its
   * title, or when the image cannot be had, is for other machines or has no shell; nothing is left then.
   */
  buildMicrovmSnapshot(
    spec: MicrovmBuildSpec,
    log: (line: string) => void,
    order: Order,
  ): Promise<MicrovmSnapshotResult>

  /** Replaces the policy in one step. Connections that it does not allow any more are cut. */
  applyEgress(microvm: string, policy: EgressPolicy, order: Order): Promise<void>

  /**
   * Runs code where the last call of this language left off; calls of a language wait for each other. Throws
   * {@link NotRunningError}, {@link GuestError}. An abort is like its time being up.
   */
  execute(microvm: string, spec: ExecuteSpec, signal?: AbortSignal): Promise<ExecuteResult>
  /** An absolute path. Throws {@link GuestError}. Whoever asked reads it to the end or destroys it. */
  readFile(microvm: string, path: string): Promise<Readable>
  /** Replaces it whole, or leaves it as it was; folders above it are made. At most `mostBytes`. */
  writeFile(
    microvm: string,
    path: string,
    content: AsyncIterable<Uint8Array>,
    options?: {
      readonly mode?: number
      readonly mostBytes?: number
      readonly signal?: AbortSignal
    },
  ): Promise<{ sizeBytes: number }>
  /** A folder as a tar archive; takes a `tar` in the image. */
  readFolder(microvm: string, path: string): Promise<Readable>
  /** A login shell, unless a command for the image's shell is given. */
  openPty(
    microvm: string,
    size: PtySize,
    options?: { readonly command?: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<Pty>
  /**
   * Of the image's shell, which begins in `/root`, for as long as it takes; `null`: the shell itself, for commands in
   * its input. What it leaves in the background runs on.
   */
  openCommand(
    microvm: string,
    command: string | null,
    options?: { readonly env?: Readonly<Record<string, string>> },
  ): Promise<Command>
  /** A TCP connection to the port on the guest's own 127.0.0.1. Throws {@link GuestError} when nobody listens. */
  connectPort(microvm: string, port: number): Promise<Duplex>

  observeMicrovm(microvm: string): Promise<MicrovmState>
  microvmHoldings(): Promise<MicrovmHoldings>
  onMicrovmEvent(listener: (event: MicrovmEvent) => void): () => void
  poolCounters(): MicrovmPoolCounters
}
