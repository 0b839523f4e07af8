/**
 * OS images for guests, built on first use and kept.
 *
 *     CACHE/garrison-small-<recipe>/   root.qcow2, vmlinuz, initrd, manifest.json
 *     CACHE/packages-<hash>/           the Debian packages they are made of
 *     CACHE/<name>.building-XXXXXX/    left behind by a build that was killed; the next build removes it
 *     CACHE/lock                       held while building
 *
 * A folder gets its name when everything in it is on the disk. Its name says what recipe it was made by;
 * nothing in it changes afterwards and older ones are never removed here: whoever uses the files decides.
 */
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import {
  buildImage,
  INITRD,
  KERNEL,
  MANIFEST,
  type Manifest,
  packageNames,
  ROOT,
} from './build-image.ts'
import { keepPackages } from './build-packages.ts'
import { publishFolder } from './durable-folder.ts'
import { lockFile } from './host-lock.ts'
import { requireTools } from './host-tools.ts'
import { packagesHash, recipeHash } from './recipe-hash.ts'
import { garrisonSmall } from './recipes/garrison-small.ts'
import type { Recipe } from './recipes/recipe.ts'

const RECIPES: readonly Recipe[] = [garrisonSmall]

/** A built OS image. Paths are absolute; everybody may read the files, nobody may write to them. */
export type BootImage = {
  name: string
  /** Short hash of how it was made, `[0-9a-f]`. */
  recipe: string
  /** A qcow2 without a backing file; the whole disk is one ext4 that grows when the disk is larger. */
  root: string
  virtualSizeBytes: number
  /** Of the file `root`. */
  sizeBytes: number
  kernel: string
  initrd: string
  /** Kernel arguments it needs besides `console=` and `root=`. */
  append: string
  loginUser: string
}

export type OsImageInfo = {
  name: string
  /** GB (10^9 bytes). */
  minDiskGb: number
  /** Of the root disk's file; 0 while it is not built. */
  sizeBytes: number
  /** Built already; otherwise {@link ImageStore.ensure} takes as long as a build. */
  ready: boolean
  /** Such as `Garrison`. */
  type: string
  version: string
  loginUser: string
}

export class ImageStore {
  readonly #cacheDir: string
  readonly #report: (line: string) => void
  readonly #underWay = new Map<string, Promise<BootImage>>()

  /**
   * @param options.cacheDir Made when it is missing. May be shared by any number of processes.
   * @param options.report Told in words what takes longer than a moment.
   */
  constructor(options: { cacheDir: string; report?: (line: string) => void }) {
    this.#cacheDir = resolve(options.cacheDir)
    this.#report = options.report ?? (() => {})
  }

  /** Every image there is a recipe for. */
  list(): Promise<OsImageInfo[]> {
    return Promise.all(
      RECIPES.map(async (recipe) => {
        const built = await this.#find(recipe)
        const { name, minDiskGb, type, version, loginUser } = recipe
        const sizeBytes = built?.sizeBytes ?? 0
        return { name, minDiskGb, sizeBytes, ready: built !== null, type, version, loginUser }
      }),
    )
  }

  /**
   * The image, built when it is not there. Called several times at once, also by several processes, it is
   * built once.
   * @throws With what to do: unknown name, unknown host, missing programs, no network for the packages.
   */
  ensure(name: string): Promise<BootImage> {
    const underWay = this.#underWay.get(name)
    if (underWay !== undefined) return underWay
    const ensured = this.#ensure(name).finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, ensured)
    return ensured
  }

  async #ensure(name: string): Promise<BootImage> {
    const recipe = RECIPES.find((recipe) => recipe.name === name)
    if (recipe === undefined) {
      const known = RECIPES.map((recipe) => recipe.name).join(', ')
      throw new Error(`There is no OS image "${name}". There is: ${known}`)
    }
    return (await this.#find(recipe)) ?? this.#build(recipe)
  }

  async #build(recipe: Recipe): Promise<BootImage> {
    const host = await hostName()
    const distribution = recipe.distributions[host]
    if (distribution === undefined) {
      const known = Object.keys(recipe.distributions).join(', ')
      throw new Error(`${recipe.name} can be built on ${known}; this host is ${host}`)
    }
    await requireTools()
    if ((await mkdir(this.#cacheDir, { recursive: true })) !== undefined) {
      await chmod(this.#cacheDir, 0o755)
    }
    await using _lock = await lockFile(join(this.#cacheDir, 'lock'))
    const madeMeanwhile = await this.#find(recipe)
    if (madeMeanwhile !== null) return madeMeanwhile

    await this.#removeUnfinished()
    const names = packageNames(recipe, distribution)
    const kept = join(this.#cacheDir, `packages-${packagesHash([host, recipe.version, ...names])}`)
    const packages = await keepPackages(kept, distribution, names, this.#report)

    const started = performance.now()
    const folder = await this.#folder(recipe)
    const scratch = await mkdtemp(`${folder}.building-`)
    const target = join(scratch, 'image')
    this.#report(`Building the guest image ${recipe.name}`)
    await mkdir(target)
    try {
      await buildImage({ recipe, packages, kept, target, scratch })
      await publishFolder(target, folder)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
    const built = await this.#find(recipe)
    if (built === null) throw new Error(`${folder} was built and cannot be read`)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    const size = (built.sizeBytes / 1e6).toFixed(1)
    this.#report(`Built ${recipe.name} in ${seconds} s (${size} MB)`)
    return built
  }

  /** `null` as well when somebody removed a file: then it is built anew. */
  async #find(recipe: Recipe): Promise<BootImage | null> {
    const folder = await this.#folder(recipe)
    const files = {
      root: join(folder, ROOT),
      kernel: join(folder, KERNEL),
      initrd: join(folder, INITRD),
    }
    try {
      await Promise.all(Object.values(files).map((path) => access(path)))
      const manifest: Manifest = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8'))
      const { name, virtualSizeBytes, sizeBytes, append, loginUser } = manifest
      const hash = await recipeHash(recipe, await hostName())
      return { name, recipe: hash, ...files, virtualSizeBytes, sizeBytes, append, loginUser }
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  async #folder(recipe: Recipe): Promise<string> {
    return join(this.#cacheDir, `${recipe.name}-${await recipeHash(recipe, await hostName())}`)
  }

  /** Of builds that were killed: whoever holds the lock is the only one who builds. */
  async #removeUnfinished(): Promise<void> {
    for (const name of await readdir(this.#cacheDir)) {
      if (!name.includes('.building-')) continue
      await rm(join(this.#cacheDir, name), { recursive: true, force: true })
    }
  }
}

/** The distribution of this host, such as `debian-12`. */
async function hostName(): Promise<string> {
  const { ID = 'unknown', VERSION_ID = '' } = parseEnv(await readFile('/etc/os-release', 'utf8'))
  return `${ID}-${VERSION_ID}`
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
