/**
 * Images of registries that are unpacked already: a disk layer each, named by the digest of its manifest, and
 * beside it what its programs are given. Kept for some days after its last use, and not more than some gigabytes.
 *
 *     DATA/microvms/layers/os-oci-<digest>-<version>.qcow2
 *     DATA/microvms/images/os-oci-<digest>-<version>.json   written after it; changed at each use
 */
import { mkdir, readdir, rm, stat, statfs, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import type { Layers } from '../../disks/layers.ts'
import { osLayerName } from '../../disks/layers.ts'
import { readIfThere, writeDurably } from '../../records/durable-files.ts'
import { UNPACKED_AS } from './unpack.ts'

const KEEP_MS = 7 * 86_400_000
const KEEP_BYTES = 20e9
/** With less than this free, the host has better uses for its disk. */
const ROOM_BYTES = 5e9

const Kept = z.object({ image: z.string(), env: z.record(z.string(), z.string()) })
export type Kept = z.infer<typeof Kept>

export const imageLayerName = (digest: string) =>
  osLayerName(`oci-${digest.replace(/^sha256:/, '')}-${UNPACKED_AS}`)

export class KeptImages {
  readonly #folder: string
  readonly #layers: Layers
  /** By layer. */
  readonly #usedAt = new Map<string, { at: number; bytes: number }>()

  constructor(folder: string, layers: Layers) {
    this.#folder = folder
    this.#layers = layers
  }

  async load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    for (const file of await readdir(this.#folder)) {
      const layer = basename(file, '.json')
      if (this.#layers.has(layer)) await this.#remember(layer)
      else await rm(join(this.#folder, file), { force: true })
    }
  }

  /** What is known of it, or `null` when it is not here as a whole. Counts as use. */
  async find(layer: string): Promise<Kept | null> {
    if (!this.#layers.has(layer)) return null
    const text = await readIfThere(this.#path(layer))
    const kept = text === null ? null : Kept.safeParse(safely(text))
    if (kept?.success !== true) return null
    const now = new Date()
    await utimes(this.#path(layer), now, now)
    await this.#remember(layer)
    return kept.data
  }

  async put(layer: string, kept: Kept): Promise<void> {
    await writeDurably(this.#path(layer), `${JSON.stringify(kept)}\n`)
    await this.#remember(layer)
  }

  /** Bytes that are free where they are kept. */
  async room(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder)
    return bavail * bsize
  }

  /** Layers that stay although nothing stands on them, the last used first. */
  spared(roomBytes: number, now = Date.now()): string[] {
    if (roomBytes < ROOM_BYTES) return []
    let bytes = 0
    return [...this.#usedAt]
      .filter(([, { at }]) => now - at < KEEP_MS)
      .sort(([, a], [, b]) => b.at - a.at)
      .filter(([, each]) => {
        bytes += each.bytes
        return bytes <= KEEP_BYTES
      })
      .map(([layer]) => layer)
  }

  /** Forgets those whose layer is gone. */
  async tidy(): Promise<void> {
    for (const layer of this.#usedAt.keys()) {
      if (this.#layers.has(layer)) continue
      this.#usedAt.delete(layer)
      await rm(this.#path(layer), { force: true })
    }
  }

  async #remember(layer: string): Promise<void> {
    const { mtimeMs } = await stat(this.#path(layer))
    const { blocks } = await stat(this.#layers.path(layer))
    this.#usedAt.set(layer, { at: mtimeMs, bytes: blocks * 512 })
  }

  #path(layer: string): string {
    return join(this.#folder, `${layer}.json`)
  }
}

function safely(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
