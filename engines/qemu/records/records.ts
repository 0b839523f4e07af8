/**
 * What the engine remembers of machines, volumes, snapshots and images: one JSON file each, replaced as a whole.
 * They are read once, at the start, since one process owns a host; reading is then a look into memory.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { EngineError } from '../../engine.ts'
import { asUuid, isUuid } from '../paths.ts'
import {
  readFolderIfThere,
  readIfThere,
  removeDurably,
  replaceFile,
  UNFINISHED,
  writeDurably,
} from './durable-files.ts'

const Disk = {
  tenant: z.string(),
  /** Group that may read the tenant's layers. */
  gid: z.int().positive(),
  /** Of the OS image at the bottom of its layers: the kernel that fits to the modules on the disk. */
  recipe: z.string(),
  diskGb: z.number().positive(),
}

const Attachment = z.object({
  id: z.string(),
  serial: z.string(),
  /** Number of the port that it is plugged into, from 1: the guest's own name for it stays the same. */
  port: z.int().positive(),
})

/** Memory and devices of a machine that held still, as QEMU wrote them; the file lies beside the record. */
const MemoryRecord = z.object({
  /** Version that wrote it, such as `7.2.22`; no other can be trusted to read it. */
  qemu: z.string(),
  /** QEMU's arguments: what reads it must have the very same devices. */
  args: z.array(z.string()),
  /** Name of its disk's layer in `args`. */
  layer: z.string(),
  sizeBytes: z.int().nonnegative(),
  /** Those that its guest had; `null`: written by an earlier version, the machine's record says. */
  volumes: z.array(Attachment).nullable().default(null),
})
export type MemoryRecord = z.infer<typeof MemoryRecord>

const IdentityRecord = z.object({
  mac: z.string(),
  /** As a guest finds it at boot. */
  metaData: z.string(),
})
export type IdentityRecord = z.infer<typeof IdentityRecord>

export const MachineRecord = z.object({
  ...Disk,
  /** User that its QEMU runs as; nobody else has it. */
  uid: z.int().positive(),
  /** What the guest sees as its mainboard; stays when QEMU gets newer. */
  machineType: z.string(),
  /** The one layer that it writes to. */
  activeLayer: z.string(),
  /**
   * A layer that is about to take over as the active one. Written before the layer is made, so that
   * it is found again whatever happens; see disks/freezing.ts.
   */
  pendingLayer: z.string().nullable(),
  /** The volume that it boots from. Its layers are kept here for as long as this record is there. */
  bootVolume: z.string().nullable().default(null),
  /** Data volumes; this alone says who has a volume. */
  volumes: z.array(Attachment).default([]),
  /**
   * `on` is an intention: it is to run, and if no process is there, it died. `off` says why.
   * `clean` is false when the guest was cut off.
   */
  power: z.discriminatedUnion('state', [
    z.object({ state: z.literal('on') }),
    z.object({
      state: z.literal('off'),
      reason: z.enum(['requested', 'guest']),
      clean: z.boolean(),
    }),
  ]),
  /**
   * Set: it does not run, and goes on from here. Written when the memory is safe on disk and before its
   * process ends; taken away before its processors run again, since from then on its disk moves on and
   * the memory no longer belongs to it. See memory/hibernation.ts.
   */
  hibernation: z
    .object({
      /** `null`: only the disk could be kept. */
      memory: MemoryRecord.nullable(),
    })
    .nullable()
    .default(null),
  /** It went on from kept memory, and its guest has not yet been told what time it is. */
  clockBehind: z.boolean().default(false),
  /** What its guest, which goes on as another machine, has yet to be told; see memory/identity.ts. */
  identity: IdentityRecord.nullable().default(null),
})
export type MachineRecord = z.infer<typeof MachineRecord>

export const SnapshotRecord = z.object({
  ...Disk,
  /** Whose disk it is a snapshot of; `null` when it came from elsewhere. */
  machine: z.string().nullable(),
  layer: z.string(),
  consistency: z.enum(['filesystem', 'crash']),
  /** What its machine had in memory at that point; `null`: its disk only. */
  memory: MemoryRecord.nullable().default(null),
  sizeBytes: z.int().nonnegative(),
})
export type SnapshotRecord = z.infer<typeof SnapshotRecord>

export const ImageRecord = z.object({
  ...Disk,
  layer: z.string(),
  sizeBytes: z.int().nonnegative(),
})
export type ImageRecord = z.infer<typeof ImageRecord>

export const VolumeRecord = z.object({
  tenant: z.string(),
  gid: z.int().positive(),
  /** Of the OS image at the bottom; `null`: it began empty, and nothing can boot from it. */
  recipe: z.string().nullable(),
  sizeGb: z.number().positive(),
  /** Both as in {@link MachineRecord}; out of date while a machine boots from it. */
  activeLayer: z.string(),
  pendingLayer: z.string().nullable(),
})
export type VolumeRecord = z.infer<typeof VolumeRecord>

export const ExportRecord = z.object({
  ...Disk,
  snapshot: z.string(),
  sizeBytes: z.int().nonnegative(),
  virtualSizeBytes: z.int().positive(),
  sha256: z.string(),
})
export type ExportRecord = z.infer<typeof ExportRecord>

export class Records<T> {
  readonly #folder: string
  readonly #schema: z.ZodType<T>
  /** Name inside a folder of its own; without one, the records are files side by side. */
  readonly #file: string | null
  readonly #precious: string | null
  readonly #all = new Map<string, T>()

  constructor(
    folder: string,
    schema: z.ZodType<T>,
    file: string | null = null,
    precious: string | null = null,
  ) {
    this.#folder = folder
    this.#schema = schema
    this.#file = file
    this.#precious = precious
  }

  /**
   * Reads what is there, and removes what was being written or deleted when a process was killed; but no
   * folder with this file in it, which may be all that is left of somebody's data.
   *
   * @param lost Of records that are put without being durable: a power failure leaves such a file empty under
   *   its name. It is told of, and removed. Without it, an empty record is damaged like any other.
   */
  async load(lost?: (path: string) => void): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o711 })
    for (const entry of await readdir(this.#folder)) {
      if (entry.endsWith(UNFINISHED)) await rm(join(this.#folder, entry))
      const id = this.#file === null ? basename(entry, '.json') : entry
      if (!isUuid(id)) continue
      const text = await readIfThere(this.#path(id))
      if (text === '' && lost !== undefined) {
        await removeDurably(this.#path(id))
        lost(this.#path(id))
      } else if (text !== null) this.#all.set(id, this.#parse(this.#path(id), text))
      else if (!(await this.#holds(entry))) await rm(join(this.#folder, entry), { recursive: true })
    }
  }

  get(id: string): T | undefined {
    return this.#all.get(id)
  }

  entries(): [id: string, record: T][] {
    return [...this.#all]
  }

  values(): T[] {
    return [...this.#all.values()]
  }

  /** As it is on disk. It is what {@link get} answers, but for one that could not be written. */
  async readAgain(id: string): Promise<T | undefined> {
    const text = await readIfThere(this.#path(id))
    return text === null ? undefined : this.#parse(this.#path(id), text)
  }

  /** @param options.durable Safe from a power failure; otherwise only from the end of this process. */
  async put(id: string, record: T, { durable = true } = {}): Promise<void> {
    const path = this.#path(id)
    if (this.#file !== null) await mkdir(dirname(path), { recursive: true, mode: 0o711 })
    const write = durable ? writeDurably : replaceFile
    await write(path, `${JSON.stringify(record, null, 2)}\n`)
    this.#all.set(id, record)
  }

  async delete(id: string): Promise<void> {
    if (!this.#all.has(id)) return
    await removeDurably(this.#path(id))
    this.#all.delete(id)
  }

  async #holds(folder: string): Promise<boolean> {
    if (this.#precious === null) return false
    return (await readFolderIfThere(join(this.#folder, folder))).includes(this.#precious)
  }

  #path(id: string): string {
    return this.#file === null
      ? join(this.#folder, `${asUuid(id)}.json`)
      : join(this.#folder, asUuid(id), this.#file)
  }

  #parse(path: string, text: string): T {
    try {
      return this.#schema.parse(JSON.parse(text))
    } catch (error) {
      throw new EngineError(`The record ${path} cannot be read; restore it from a backup`, {
        cause: error,
      })
    }
  }
}
