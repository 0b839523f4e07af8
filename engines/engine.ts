/**
 * What Garrison asks of whatever runs machines: one host's QEMU, an OpenStack cluster, a simulation.
 *
 * Every verb *ensures*: it looks first, does only what is missing, and may be called twice, or again
 * after a crash at any point. An engine knows things by the server's internal UUIDs, never by public ids,
 * and keeps whatever record of its own it needs to find them again.
 *
 * A verb that changes something carries an {@link Order}. The lease of an operation lives in the
 * database, which does not stop a runner that was paused and wakes up late: so an engine remembers, per
 * thing, the highest fence it has seen, durably, and refuses a lower one with {@link FencedError}.
 */
import type { Duplex } from 'node:stream'

/** The right to change one thing: who asks, and how recent the lease is. Fences only grow. */
export type Order = {
  /** UUID of the operation, for the engine's log. */
  readonly operation: string
  /** Taken anew from one database sequence each time an operation is leased. */
  readonly fence: number
  /** Aborts when the operation is cancelled or its lease is lost; a long wait must end promptly. */
  readonly signal?: AbortSignal
}

/** What an engine can do. The service refuses early, with a reason, what is missing here. */
export type Capabilities = {
  /** Snapshots of a machine's disk. */
  readonly snapshot: boolean
  /** Snapshots that hold memory too, so that a restore continues where it was. */
  readonly memorySnapshot: boolean
  readonly hibernate: boolean
  /** A stopped machine's disk can go back to a snapshot of it. */
  readonly rollback: boolean
  /** Snapshots can be made a file, and be made of one. */
  readonly snapshotTransfer: boolean
  /** Volumes may come and go while a machine runs. */
  readonly hotplug: boolean
  /** The same while it is stopped. */
  readonly coldplug: boolean
  /** Firewall rules can be enforced at all; `atomicFirewall`: a whole set in one step. */
  readonly firewall: boolean
  readonly atomicFirewall: boolean
  /** Machines have IPv6, and rules about it can be enforced. */
  readonly firewallIpv6: boolean
  /** Machines may have a public address. */
  readonly publicAddress: boolean
  /** It may come and go. Without this, where there are public addresses every machine has one. */
  readonly publicAddressToggle: boolean
  readonly console: boolean
  readonly display: boolean
  readonly gpu: boolean
  readonly volumes: boolean
  readonly volumeResize: boolean
  readonly volumeClone: boolean
  /** Volumes may be made of OS images, and machines boot from them. */
  readonly volumeBoot: boolean
  /** A machine's own disk may have another size than its flavor says. */
  readonly diskSize: boolean
  readonly exec: boolean
  /** A machine may be given a cloud-init text, or a startup script, for its first boot. */
  readonly cloudInit: boolean
  readonly startupScripts: boolean
  readonly metrics: boolean
  /** Nothing here is real; every answer that shows it says so. */
  readonly simulated: boolean
  /** What an operator must know, e.g. that there is no hardware acceleration. Sentences. */
  readonly notices: readonly string[]
}

/** One place machines run on. Capacity is what the host has, not what is left: the server subtracts. */
export type Host = {
  readonly name: string
  /** Physical threads; the server applies its overcommit ratio. */
  readonly vcpus: number
  /** MiB that machines may use in all; what the host needs for itself is already taken off. */
  readonly memoryMib: number
  /** GB (10^9 bytes) of the store in all, and really free right now. */
  readonly diskGb: number
  readonly diskFreeGb: number
  readonly gpus: readonly HostGpus[]
}

export type HostGpus = {
  /** Name in the catalog, such as `RTX-A6000`. */
  readonly model: string
  readonly count: number
}

export type Inventory = {
  readonly hosts: readonly Host[]
  /** How many public addresses there are in all, whoever has them. */
  readonly publicAddresses: number
}

/** Where a disk's first content comes from; the engine decides how to materialise it. */
export type DiskSource =
  /** An OS image by the name of its recipe, e.g. `garrison-small`. */
  | { readonly kind: 'os-image'; readonly name: string }
  | { readonly kind: 'image'; readonly id: string }
  | { readonly kind: 'snapshot'; readonly id: string }
  | { readonly kind: 'volume'; readonly id: string }

/** An address of a machine in its tenant's network, known before the machine boots. */
export type Address = {
  readonly ip: string
  /** Bits of the network, e.g. 24. */
  readonly prefix: number
  readonly gateway: string
  readonly mac: string
  /** Where the host reaches the machine's port 22: `ip` and 22, or a forwarded port on 127.0.0.1. */
  readonly ssh: { readonly host: string; readonly port: number }
}

export type FirewallRule = {
  readonly direction: 'ingress' | 'egress'
  readonly ethertype: 'IPv4' | 'IPv6'
  readonly protocol: string
  /** 1..65535, both or neither. */
  readonly portMin: number | null
  readonly portMax: number | null
  readonly cidr: string
}

export type MachineSpec = {
  readonly id: string
  /** UUID of the account: machines of one tenant share a network and nothing with others. */
  readonly tenant: string
  /** Host of {@link Inventory} that the server placed it on. */
  readonly host: string
  readonly vcpus: number
  readonly memoryMib: number
  /** GB (10^9 bytes). At least the source's size; the guest grows its root to it. */
  readonly diskGb: number
  readonly gpus: { readonly model: string; readonly count: number } | null
  readonly source: DiskSource
  readonly address: Address
  /** The whole rule set; `null`: nothing filtered, beyond what always separates tenants. */
  readonly rules: readonly FirewallRule[] | null
  /** Data volumes that it starts with, exactly. What it boots from is its {@link DiskSource}. */
  readonly volumes: readonly AttachedVolume[]
  readonly guest: GuestIdentity
}

/** A volume as one machine has it. */
export type AttachedVolume = {
  readonly id: string
  /** What the guest reads as the disk's serial number, 1..20 of `[A-Za-z0-9-]`: it finds the disk by it. */
  readonly serial: string
}

export type VolumeSpec = {
  readonly id: string
  readonly tenant: string
  /** GB (10^9 bytes). At least the source's size. */
  readonly sizeGb: number
  /** `null`: empty. Of an OS image: machines can boot from it. Of a volume: a copy, also while that is in use. */
  readonly source: Extract<DiskSource, { kind: 'os-image' | 'volume' }> | null
}

/** What the guest learns about itself at boot. A new `instanceId` makes new host keys and machine id. */
export type GuestIdentity = {
  readonly instanceId: string
  readonly hostname: string
  /** OpenSSH lines, added to those on the disk. */
  readonly authorizedKeys: readonly string[]
  /** Runs once for each `instanceId`. What a disk's former machine was given does not run again. */
  readonly userData: string | null
}

export type MachineStatus =
  /** Its virtual CPUs run. */
  | 'running'
  /** Its disk is there and nothing runs; {@link MachineState.reason} says why. */
  | 'stopped'
  /** Nothing runs, and it goes on where it was, or boots where only its disk could be kept. */
  | 'hibernated'
  /** The engine has never heard of it, or it is gone. */
  | 'absent'
  /** The engine cannot tell right now. Never to be read as dead. */
  | 'unknown'

export type MachineState = {
  readonly id: string
  readonly status: MachineStatus
  /** Why it is stopped: asked for, the guest powered itself off, or its process died. */
  readonly reason?: 'requested' | 'guest' | 'died'
  /** Words for a person, where there is something to say (how it died, why unknown). */
  readonly detail?: string
  /** The guest reported itself up since its last start. */
  readonly guestUp: boolean
}

export type StopResult = {
  /** The guest ignored the request to shut down and was cut off after `graceMs`. */
  readonly forced: boolean
}

export type HibernationResult = {
  /** Whether memory was kept; otherwise the guest was shut down and boots when it is made to run again. */
  readonly memory: boolean
}

export type RunOptions = {
  /** Of a hibernated machine: boots from its disk and forgets the memory that was kept. */
  readonly coldBoot?: boolean
}

export type SnapshotResult = {
  /** `filesystem`: the guest agent froze its file systems; `crash`: as if the power had been cut. */
  readonly consistency: 'filesystem' | 'crash'
  readonly memory: boolean
  /** Bytes that the snapshot holds above the OS image. */
  readonly sizeBytes: number
  /** GB (10^9 bytes) of the disk that it is a snapshot of. */
  readonly diskGb: number
}

/** A snapshot as one file. */
export type ExportResult = {
  /** `simulated`: text that says so. Only an engine of the same kind takes it in. */
  readonly format: 'qcow2' | 'simulated'
  readonly sizeBytes: number
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string
  /** Of the disk that is in it. */
  readonly virtualSizeBytes: number
  readonly diskGb: number
  /** Names the kernel that the disk needs; see {@link Engine.bootable}. */
  readonly recipe: string
}

/** What is known about a file before anybody has looked into it; all of it has to be found true. */
export type ImportSpec = Omit<ExportResult, 'format'> & {
  /** UUID of the account. */
  readonly tenant: string
  /** The OS image that it was once made from; `null` when nobody knows. */
  readonly osImage: string | null
  readonly consistency: SnapshotResult['consistency']
}

export type ImageResult = { readonly sizeBytes: number; readonly minDiskGb: number }

/** What a machine's user-data has done, or is doing. */
export type StartupLog = {
  readonly status: 'running' | 'succeeded' | 'failed'
  /** 0..255; `null` while it runs and where the guest does not tell. */
  readonly exitCode: number | null
  /** What it printed, the last 64 KiB, without NUL. */
  readonly log: string
  /** By the guest's clock, where it tells. */
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** Everything that an engine keeps for someone, for reconciliation with the database. */
export type Holdings = {
  readonly machines: readonly MachineState[]
  /** Machines that an address is reserved for, whether or not they exist. */
  readonly addresses: readonly string[]
  /** Machines that have a public address. */
  readonly publicAddresses: readonly string[]
  readonly snapshots: readonly string[]
  readonly images: readonly string[]
  readonly volumes: readonly string[]
  readonly exports: readonly string[]
  /** Snapshots whose file is on its way in. */
  readonly uploads: readonly string[]
}

/**
 * What a machine has used since its counters began; they only grow until they begin anew.
 * `null`: nobody can tell.
 */
export type MachineCounters = {
  /** Another one says that the counters have begun anew, e.g. with another process. */
  readonly epoch: string
  /** Seconds that its virtual CPUs ran, summed over them. */
  readonly cpuSeconds: number
  /** Bytes of memory that the guest says it cannot do without, and that it has; right now. */
  readonly memoryUsedBytes: number | null
  readonly memoryTotalBytes: number | null
  /** Of all its disks. */
  readonly diskReadBytes: number
  readonly diskWriteBytes: number
  readonly diskReadOps: number
  readonly diskWriteOps: number
  /** As the machine sees it: what it received and sent. */
  readonly networkReceivedBytes: number | null
  readonly networkSentBytes: number | null
  /** Percent that its GPUs are busy, on average over them, and bytes of their memory; right now. */
  readonly gpuPercent: number | null
  readonly gpuMemoryUsedBytes: number | null
}

/** Something changed without being asked for. Only a hint to look: observe before acting. */
export type EngineEvent = {
  readonly kind: 'machine-changed' | 'guest-up'
  readonly machine: string
}

export interface Engine {
  /** Adopts what runs, starts what the engine itself needs. Throws {@link EngineError} with what to do. */
  start(): Promise<void>
  /** Lets go of everything without stopping any machine. */
  close(): Promise<void>

  capabilities(): Capabilities
  inventory(): Promise<Inventory>
  /** Names of OS images it can boot, with the size a disk needs at least, and whether they are built. */
  osImages(): Promise<
    readonly { name: string; minDiskGb: number; sizeBytes: number; ready: boolean }[]
  >

  /** Reserves an address; the same machine gets the same one until {@link ensureAddressGone}. */
  ensureAddress(machine: string, tenant: string, order: Order): Promise<Address>
  /** The public address goes with it. */
  ensureAddressGone(machine: string, order: Order): Promise<void>

  /**
   * A public address, which leads to the machine whenever that runs, subject to its rules; also from
   * machines of other tenants. The same machine keeps the same one until it is to be gone. Throws
   * {@link CapacityError} when none is free.
   */
  ensurePublicAddress(machine: string, tenant: string, order: Order): Promise<{ ip: string }>
  /** Connections by way of it are cut. */
  ensurePublicAddressGone(machine: string, order: Order): Promise<void>

  /**
   * The machine has its disk, runs, and has the spec's rules. Answers when its virtual CPUs run, not when
   * the guest is up. A hibernated one goes on where it was; throws {@link EngineError}, with the memory
   * unharmed, when that cannot be, and says that `coldBoot` helps where it does.
   */
  ensureMachine(spec: MachineSpec, order: Order, options?: RunOptions): Promise<MachineState>
  /**
   * Keeps the machine's memory on disk and frees its processor and memory. Where memory cannot be kept,
   * the guest is shut down first. Throws {@link CapacityError} when the disk has no room for it; whatever
   * it throws, a machine that ran goes on.
   */
  ensureHibernated(machine: string, order: Order): Promise<HibernationResult>
  /**
   * Asks the guest to shut down, and cuts it off after `graceMs`. Fine when it is stopped already; a
   * hibernated one stays hibernated.
   */
  ensureStopped(machine: string, graceMs: number, order: Order): Promise<StopResult>
  /**
   * Restarts the guest; a machine that is not running is started. It has the spec's rules afterwards.
   * Doing it twice reboots at most twice.
   */
  reboot(spec: MachineSpec, order: Order): Promise<MachineState>
  /** Stops it at once and removes process, disk, records and device nodes. Snapshots and images stay. */
  ensureGone(machine: string, order: Order): Promise<void>

  /**
   * The machine's whole rule set, replaced in one step, whether it runs or not; `null`: nothing is
   * filtered. Connections that no rule allows any more are cut. Throws {@link UnsupportedError}, with
   * everything as it was, for a rule that cannot be enforced.
   */
  applyFirewall(machine: string, rules: readonly FirewallRule[] | null, order: Order): Promise<void>

  /** The volume exists; one that does already stays as it is. */
  ensureVolume(spec: VolumeSpec, order: Order): Promise<void>
  /** Throws {@link EngineError} while a machine has it. */
  ensureVolumeGone(volume: string, order: Order): Promise<void>
  /**
   * All or none; also of a machine that is stopped, which starts with them. Throws {@link EngineError}
   * when another machine has one of them.
   */
  attachVolumes(machine: string, volumes: readonly AttachedVolume[], order: Order): Promise<void>
  /**
   * All or none, whoever has them otherwise. A guest that does not let go of a disk within 15 s gets
   * {@link EngineError}; asked again once it has, it is done. What it boots from is refused.
   */
  detachVolumes(machine: string, volumes: readonly string[], order: Order): Promise<void>
  /** Grows it to this size, in front of the guest too; never shrinks. Answers the size that it has. */
  resizeVolume(volume: string, sizeGb: number, order: Order): Promise<{ sizeGb: number }>

  observe(machine: string): Promise<MachineState>
  /**
   * What a running machine's user-data did. `null`: it was given none, its guest has not begun, or cannot
   * be asked now. Throws {@link NotFoundError} for a machine that is not there.
   */
  readStartupLog(machine: string): Promise<StartupLog | null>
  holdings(): Promise<Holdings>
  onEvent(listener: (event: EngineEvent) => void): () => void

  /**
   * A point in time of a running or stopped machine's disk, which goes on unharmed.
   * After a crash in the middle it is either finished or repeated; a half-made one never counts.
   */
  ensureSnapshot(
    machine: string,
    snapshot: string,
    options: { memory: boolean },
    order: Order,
  ): Promise<SnapshotResult>
  /** Also of one whose file is still on its way in. */
  ensureSnapshotGone(snapshot: string, order: Order): Promise<void>

  /**
   * The disk of a machine that does not run is what it was at one of its own snapshots; what was written
   * since is gone. Name, address, rules and identity stay. Before the machine runs again, doing it twice
   * is doing it once.
   *
   * Throws {@link NotFoundError} for a snapshot that is not of this machine, {@link EngineError} while the
   * machine runs.
   */
  rollback(machine: string, snapshot: string, order: Order): Promise<void>

  /** A snapshot's disk as one file that needs no other. Takes as long as reading and packing all of it. */
  exportSnapshot(exportId: string, snapshot: string, order: Order): Promise<ExportResult>
  /** Whoever reads it may go on. */
  ensureExportGone(exportId: string, order: Order): Promise<void>
  /** Bytes of an export, the first and the last included. Throws {@link NotFoundError}. */
  readExport(
    exportId: string,
    range: { readonly from: number; readonly to: number },
  ): Promise<ReadableStream<Uint8Array>>

  /** Whether a disk of this OS image and recipe would find its kernel here. */
  bootable(disk: Pick<ImportSpec, 'osImage' | 'recipe'>): Promise<boolean>
  /**
   * Adds to the file of a snapshot that is to be imported, and answers how long it is then. It takes no
   * order: bytes are nothing until {@link importSnapshot} has checked them, and none is ever changed. A
   * second caller takes over from the first.
   *
   * Throws {@link UploadOffsetError} when `from` is not where the file ends, {@link EngineError} when more
   * than `mostBytes` come, {@link CapacityError} when there is no room. What came before stays.
   */
  appendUpload(
    snapshot: string,
    from: number,
    data: AsyncIterable<Uint8Array>,
    mostBytes: number,
  ): Promise<number>
  uploadedBytes(snapshot: string): Promise<number>
  /**
   * A snapshot with the content of its uploaded file, which goes. A file that is not what the spec says,
   * or that could be more than a disk, is refused with an {@link EngineError} whose message is for the
   * one who sent it, and stays until {@link ensureSnapshotGone}.
   */
  importSnapshot(snapshot: string, spec: ImportSpec, order: Order): Promise<SnapshotResult>

  /** A bootable image with the content of a snapshot; independent of the snapshot afterwards. */
  ensureImage(image: string, snapshot: string, order: Order): Promise<ImageResult>
  ensureImageGone(image: string, order: Order): Promise<void>

  /**
   * The serial line of a running machine, for one viewer of many. Readable: the last of what it has
   * printed, then what it prints, until it stops; restarts of the guest do not end it. A viewer that does
   * not read fast enough gets {@link TooSlowError}. Writable: what is typed. Whoever asked closes it.
   * Throws {@link NotRunningError}.
   */
  console(machine: string): Promise<Duplex>
  /** The end of what it has printed, over its starts, at most `bytes`; also of a machine that is stopped. */
  consoleLog(machine: string, bytes: number): Promise<Uint8Array>
  /** Its screen, keyboard and mouse: one connection of the RFB protocol. Throws {@link NotRunningError}. */
  display(machine: string): Promise<Duplex>

  /** Throws {@link NotRunningError}. */
  metrics(machine: string): Promise<MachineCounters>
}

/** The errors an engine may answer. Anything else is a bug. */
export class EngineError extends Error {
  override name = 'EngineError'
  /** Trying the same again later may help. */
  readonly retryable: boolean
  constructor(message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.retryable = options.retryable ?? false
  }
}

/** A newer lease has already given orders about this thing. Stop; do not retry. */
export class FencedError extends EngineError {
  override name = 'FencedError'
}

/** Host or store has no room. The message says for what. */
export class CapacityError extends EngineError {
  override name = 'CapacityError'
}

/** The thing asked about does not exist in this engine. */
export class NotFoundError extends EngineError {
  override name = 'NotFoundError'
}

/** What is asked for needs a machine that runs, and this one does not right now. */
export class NotRunningError extends EngineError {
  override name = 'NotRunningError'
}

/** Somebody who looks at a console does not keep up, and is not waited for. */
export class TooSlowError extends EngineError {
  override name = 'TooSlowError'
}

/** A piece of an upload that does not begin where the last one ended. */
export class UploadOffsetError extends EngineError {
  override name = 'UploadOffsetError'
  readonly receivedBytes: number
  constructor(receivedBytes: number) {
    super(`${receivedBytes} bytes are there already; go on from there`)
    this.receivedBytes = receivedBytes
  }
}

/** The engine cannot do this at all; see {@link Capabilities}. */
export class UnsupportedError extends EngineError {
  override name = 'UnsupportedError'
}
