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
import type { MicrovmEngine } from './microvms.ts'
import type {
  Address,
  AttachedVolume,
  Capabilities,
  EngineEvent,
  ExportResult,
  FirewallRule,
  HibernationResult,
  Holdings,
  ImageResult,
  ImportSpec,
  Inventory,
  MachineCounters,
  MachineSpec,
  MachineState,
  Order,
  RunOptions,
  SnapshotResult,
  StartupLog,
  StopResult,
  VolumeSpec,
} from './terms.ts'

export * from './errors.ts'
export * from './microvms.ts'
export type * from './terms.ts'

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
   * All or none; also of a machine that is stopped, which starts with them. Whatever hosts there are, each
   * reaches every volume. Throws {@link EngineError} when another machine has one of them.
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

  /** Machines that go on from a snapshot's memory in milliseconds; left out where there are none. */
  readonly microvms?: MicrovmEngine | undefined
}
