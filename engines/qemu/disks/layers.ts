/**
 * Disk content, in layers. Each layer is a qcow2 file that names the one below it; at the bottom is an
 * OS image. A machine writes to its active layer only; all others are frozen and never change again,
 * so that machines, snapshots and images can share them and never break each other.
 *
 *     machine ──► active        snapshot ──► frozen ◄── image
 *                    └──────► frozen ◄────────┘
 *                                └──► OS image
 *
 * Nobody counts references: records point to their top layers, and what cannot be reached from there
 * is swept away. Work in progress pins what it has found or made until a record points to it.
 */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EngineError } from '../../engine.ts'
import { run } from '../network/run.ts'
import { syncPath, UNFINISHED } from '../records/durable-files.ts'
import { readQcow2Header } from './qcow2-header.ts'

type Layer = { readonly below: string | null; readonly virtualSizeBytes: number }

/** Numbers of a user and a group of the host. */
export type Owner = { readonly uid: number; readonly gid: number }

const SUFFIX = '.qcow2'
const OS_PREFIX = 'os-'

/** Slower starts and, at last, limits of QEMU; far above what anybody reaches by hand. */
const MAX_DEPTH = 200

/** Contents of empty overlays that are kept, of some 200 KB each; `qemu-img` takes 10 ms for one. */
const MAX_KEPT = 16

/** Name of a layer that does not exist yet; it is also a valid name of a QEMU block node. */
export function newLayerName(): string {
  return `l${randomBytes(8).toString('hex')}`
}

export function osLayerName(recipe: string): string {
  return OS_PREFIX + recipe
}

export const isOsLayer = (name: string) => name.startsWith(OS_PREFIX)

export class Layers {
  readonly #folder: string
  readonly #layers = new Map<string, Layer>()
  readonly #pins = new Map<string, number>()
  /** Content of empty overlays, by what is below and the size. */
  readonly #empty = new Map<string, Buffer>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Reads what is there. Throws when a file is damaged. */
  async load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o711 })
    for (const file of await readdir(this.#folder)) {
      if (file.endsWith(UNFINISHED)) await rm(join(this.#folder, file))
      if (file.endsWith(SUFFIX)) await this.#learn(basename(file, SUFFIX))
    }
  }

  has(name: string): boolean {
    return this.#layers.has(name)
  }

  path(name: string): string {
    return join(this.#folder, name + SUFFIX)
  }

  virtualSizeBytes(name: string): number {
    return this.#get(name).virtualSizeBytes
  }

  /** From this layer down to the OS image. */
  chain(name: string): string[] {
    const chain: string[] = []
    for (let at: string | null = name; at !== null; at = this.#get(at).below) chain.push(at)
    return chain
  }

  /** Bytes on the host's disk that a chain holds above its OS image. */
  async bytesAboveOs(name: string): Promise<number> {
    const own = this.chain(name).filter((layer) => !layer.startsWith(OS_PREFIX))
    const sizes = await Promise.all(own.map(async (layer) => (await stat(this.path(layer))).blocks))
    return sizes.reduce((total, blocks) => total + blocks * 512, 0)
  }

  /** The same with the OS image: about what a copy of all of it takes. */
  async bytesOf(name: string): Promise<number> {
    const files = await Promise.all(this.chain(name).map((layer) => stat(this.path(layer))))
    return files.reduce((total, { blocks }) => total + blocks * 512, 0)
  }

  /** Keeps a layer, and all below it, from being swept until the pin is disposed of. */
  pin(name: string): Disposable {
    this.#pins.set(name, (this.#pins.get(name) ?? 0) + 1)
    return {
      [Symbol.dispose]: () => {
        const left = (this.#pins.get(name) ?? 1) - 1
        if (left === 0) this.#pins.delete(name)
        else this.#pins.set(name, left)
      },
    }
  }

  /**
   * An empty layer over another one, safe on disk. A file under the final name is always whole.
   *
   * @param sizeBytes Of the disk; as large as the layer below when left out.
   */
  async createOverlay(
    name: string,
    below: string,
    owner: Owner,
    sizeBytes = this.virtualSizeBytes(below),
  ): Promise<void> {
    if (this.has(name)) return
    if (this.chain(below).length >= MAX_DEPTH)
      throw new EngineError(
        `The disk already consists of ${MAX_DEPTH} layers, one for each snapshot in its past; deploy a new machine and copy the data`,
      )
    await this.#makeWhole(name, async (unfinished) => {
      await this.#writeEmptyOverlay(unfinished, below, sizeBytes)
      await chown(unfinished, owner.uid, owner.gid)
      await chmod(unfinished, 0o600)
    })
  }

  /** An empty layer with nothing below, safe on disk. */
  async createEmpty(name: string, owner: Owner, sizeBytes: number): Promise<void> {
    if (this.has(name)) return
    await this.#makeWhole(name, async (unfinished) => {
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', unfinished, String(sizeBytes)])
      await chown(unfinished, owner.uid, owner.gid)
      await chmod(unfinished, 0o600)
    })
  }

  /** Whose an active layer is from now on. */
  async give(name: string, owner: Owner): Promise<void> {
    await chown(this.path(name), owner.uid, owner.gid)
  }

  /**
   * An active layer has this size. While a machine has it open, `growLive` does it in that machine's
   * QEMU, and nobody else may.
   */
  async grow(
    name: string,
    sizeBytes: number,
    growLive: ((bytes: number) => Promise<void>) | null,
  ): Promise<void> {
    if (growLive === null)
      await run('qemu-img', ['resize', '-q', '-f', 'qcow2', this.path(name), String(sizeBytes)])
    else await growLive(sizeBytes)
    await syncPath(this.path(name))
    await this.#learn(name)
  }

  /**
   * A layer with nothing below it, which `make` writes into an empty file of the owner. One that is there
   * already stays as it is, since others may stand on it.
   */
  async createFrom(
    name: string,
    owner: Owner,
    make: (unfinished: string) => Promise<void>,
  ): Promise<void> {
    if (this.has(name)) return
    await this.#makeWhole(name, async (unfinished) => {
      await writeFile(unfinished, '', { mode: 0o600 })
      await chown(unfinished, owner.uid, owner.gid)
      await make(unfinished)
    })
  }

  /** Takes over a qcow2 without a backing file as the bottom of disks; anybody may read it. */
  async copyOsImage(name: string, from: string): Promise<void> {
    if (this.has(name)) return
    await this.#makeWhole(name, async (unfinished) => {
      await copyFile(from, unfinished, constants.COPYFILE_FICLONE)
      await chmod(unfinished, 0o444)
    })
  }

  /** Nobody writes to it from now on; the tenant's machines may read it, or everybody's. May be repeated. */
  async freeze(name: string, gid: number, isPublic = false): Promise<void> {
    await syncPath(this.path(name))
    await chown(this.path(name), 0, gid)
    await chmod(this.path(name), isPublic ? 0o444 : 0o440)
  }

  /**
   * Freezes what is below an active layer and was not yet: whoever took a snapshot may have been cut short
   * between the two. What is frozen stays as it is, for whomever it is.
   */
  async freezeBelow(active: string, gid: number): Promise<void> {
    for (const layer of this.chain(active).slice(1)) {
      const { uid, mode } = await stat(this.path(layer))
      if (uid !== 0 || (mode & 0o222) !== 0) await this.freeze(layer, gid)
    }
  }

  /** What can be reached neither from these layers nor from a pin. */
  unreachable(roots: readonly string[]): string[] {
    const needed = new Set<string>()
    for (const root of [...roots, ...this.#pins.keys()]) {
      // One whose lower layers are lost keeps what is left.
      let at: string | null = root
      for (; at !== null; at = this.#layers.get(at)?.below ?? null) needed.add(at)
    }
    return [...this.#layers.keys()].filter((layer) => !needed.has(layer))
  }

  /** Nobody has ever written to it. */
  async isEmpty(name: string): Promise<boolean> {
    const { endOfTablesBytes } = await readQcow2Header(this.path(name))
    return (await stat(this.path(name))).size <= endOfTablesBytes
  }

  /** Removes what is unreachable, except for what is spared and what lies below that. */
  async sweep(roots: readonly string[], spared: readonly string[] = []): Promise<void> {
    const garbage = this.unreachable([...roots, ...spared])
    // Forgotten before anything is awaited: from here on nobody can build upon them.
    for (const layer of garbage) this.#layers.delete(layer)
    await Promise.all(garbage.map((layer) => rm(this.path(layer), { force: true })))
  }

  #get(name: string): Layer {
    const layer = this.#layers.get(name)
    if (layer === undefined)
      throw new EngineError(
        `The disk layer ${this.path(name)} is missing; restore it from a backup, or delete what was made of it`,
      )
    return layer
  }

  /** An empty overlay says what is below and how large it is, so the next of these is the same file. */
  async #writeEmptyOverlay(path: string, below: string, sizeBytes: number): Promise<void> {
    const key = `${below} ${sizeBytes}`
    const known = this.#empty.get(key)
    if (known !== undefined) return writeFile(path, known)
    // `-u`: we know what is below; opening it takes long when there are many layers.
    const options = ['-q', '-u', '-f', 'qcow2', '-F', 'qcow2', '-b', below + SUFFIX]
    await run('qemu-img', ['create', ...options, path, String(sizeBytes)])
    if (this.#empty.size >= MAX_KEPT) this.#empty.clear()
    this.#empty.set(key, await readFile(path))
  }

  async #makeWhole(name: string, make: (unfinished: string) => Promise<void>): Promise<void> {
    const unfinished = `${this.path(name)}.${randomBytes(4).toString('hex')}${UNFINISHED}`
    try {
      await make(unfinished)
      await syncPath(unfinished)
      await rename(unfinished, this.path(name))
    } catch (error) {
      await rm(unfinished, { force: true })
      throw error
    }
    await syncPath(this.#folder)
    await this.#learn(name)
  }

  async #learn(name: string): Promise<void> {
    const { backingFile, virtualSizeBytes } = await readQcow2Header(this.path(name))
    const below = backingFile === null ? null : basename(backingFile, SUFFIX)
    this.#layers.set(name, { below, virtualSizeBytes })
  }
}
