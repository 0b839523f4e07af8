/**
 * OS images, as disks need them for as long as there are disks: the root as a layer, and the kernel that
 * the modules on it belong to. Both are copied from the builder's cache, which may be purged, and both
 * are named by the recipe, which every disk made from it remembers.
 */
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { EngineError, NotFoundError } from '../../engine.ts'
import { Locks } from '../../locks.ts'
import type { BootImage, OsImages } from '../os-images.ts'
import { syncPath, UNFINISHED, writeDurably } from '../records/durable-files.ts'
import { type Layers, osLayerName } from './layers.ts'

const BootFile = z.object({ append: z.string() })

export type BootFiles = {
  readonly kernel: string
  readonly initrd: string
  readonly append: string
}

export class OsDisks {
  readonly #folder: string
  readonly #layers: Layers
  readonly #osImages: OsImages
  readonly #locks = new Locks()
  /** Recipes whose files are known to be in place. */
  readonly #current = new Set<string>()

  constructor(folder: string, layers: Layers, osImages: OsImages) {
    this.#folder = folder
    this.#layers = layers
    this.#osImages = osImages
  }

  async load(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 })
    for (const entry of await readdir(this.#folder))
      if (entry.endsWith(UNFINISHED)) await rm(join(this.#folder, entry), { recursive: true })
  }

  /** The recipe of an OS image, with its layer and its kernel in place. Builds it when needed. */
  async require(name: string): Promise<string> {
    const image = await this.#build(name)
    return this.#locks.run(image.recipe, async () => {
      if (this.#current.has(image.recipe)) return image.recipe
      await this.#copyKernel(image)
      // Never disposed of: it costs one file, and saves copying it for each first machine.
      this.#layers.pin(osLayerName(image.recipe))
      await this.#layers.copyOsImage(osLayerName(image.recipe), image.root)
      this.#current.add(image.recipe)
      return image.recipe
    })
  }

  /**
   * The kernel of this recipe, in place; `false` when there is no such recipe here. Builds the OS image
   * when it has to.
   */
  async requireRecipe(osImage: string | null, recipe: string): Promise<boolean> {
    if (await this.#has(recipe)) return true
    for (const { name } of await this.#candidates(osImage))
      if ((await this.#build(name)).recipe === recipe) return (await this.require(name)) === recipe
    return false
  }

  /** The same without building: of an image that is not built yet nobody knows, so it may be. */
  async mayHaveRecipe(osImage: string | null, recipe: string): Promise<boolean> {
    if (await this.#has(recipe)) return true
    for (const { name, ready } of await this.#candidates(osImage))
      if (!ready || (await this.#build(name)).recipe === recipe) return true
    return false
  }

  async bootFiles(recipe: string): Promise<BootFiles> {
    const folder = join(this.#folder, recipe)
    try {
      const { append } = BootFile.parse(
        JSON.parse(await readFile(join(folder, 'boot.json'), 'utf8')),
      )
      return { kernel: join(folder, 'kernel'), initrd: join(folder, 'initrd'), append }
    } catch (cause) {
      throw new EngineError(
        `The kernel of this machine's disk is missing or damaged; restore ${folder} from a backup`,
        { cause },
      )
    }
  }

  /** Removes the kernels of OS layers that have been swept away. */
  async sweep(): Promise<void> {
    const recipes = (await readdir(this.#folder)).filter((entry) => !entry.endsWith(UNFINISHED))
    for (const recipe of recipes)
      await this.#locks.run(recipe, async () => {
        if (!this.#layers.has(osLayerName(recipe)))
          await rm(join(this.#folder, recipe), { recursive: true, force: true })
      })
  }

  async #has(recipe: string): Promise<boolean> {
    return (await readdir(this.#folder)).includes(recipe) && this.#layers.has(osLayerName(recipe))
  }

  async #candidates(osImage: string | null) {
    const all = await this.#osImages.list()
    return all.filter((image) => osImage === null || image.name === osImage)
  }

  async #build(name: string): Promise<BootImage> {
    try {
      return await this.#osImages.ensure(name)
    } catch (cause) {
      const known = (await this.#osImages.list()).map((image) => image.name)
      if (!known.includes(name))
        throw new NotFoundError(`There is no OS image ${name}; there are ${known.join(', ')}`)
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new EngineError(`The OS image ${name} could not be built: ${reason}`, { cause })
    }
  }

  async #copyKernel(image: BootImage): Promise<void> {
    const folder = join(this.#folder, image.recipe)
    const unfinished = folder + UNFINISHED
    if ((await readdir(this.#folder)).includes(image.recipe)) return
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { mode: 0o755 })
    await copyReadable(image.kernel, join(unfinished, 'kernel'))
    await copyReadable(image.initrd, join(unfinished, 'initrd'))
    await writeDurably(join(unfinished, 'boot.json'), JSON.stringify({ append: image.append }))
    await syncPath(unfinished)
    await rename(unfinished, folder)
    await syncPath(this.#folder)
  }
}

/** QEMU reads it under a user of its own. */
async function copyReadable(from: string, to: string): Promise<void> {
  await copyFile(from, to)
  await chmod(to, 0o444)
  await syncPath(to)
}
