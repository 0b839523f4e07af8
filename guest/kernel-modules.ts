/**
 * Finds kernel modules and the order in which they must be loaded, as `depmod` and `modprobe` would;
 * those want an installed kernel of their own and a package that small hosts do not have.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'

export type KernelModule = {
  /** With `_` for `-`, as the kernel itself names it. */
  readonly name: string
  /** Ready for `insmod`, not compressed. */
  readonly content: Buffer
}

/** The modules of one kernel. */
export class ModuleTree {
  readonly #folder: string
  readonly #files: ReadonlyMap<string, string>
  readonly #builtIn: ReadonlySet<string>
  readonly #read = new Map<string, KernelModule>()

  private constructor(
    folder: string,
    files: ReadonlyMap<string, string>,
    builtIn: ReadonlySet<string>,
  ) {
    this.#folder = folder
    this.#files = files
    this.#builtIn = builtIn
  }

  /** @param folder The one with `modules.builtin` in it. */
  static async open(folder: string): Promise<ModuleTree> {
    const builtIn = await readFile(join(folder, 'modules.builtin'), 'utf8')
    const paths = await readdir(folder, { recursive: true })
    const files = paths.filter((path) => /\.ko(\.\w+)?$/.test(path))
    return new ModuleTree(
      folder,
      new Map(files.map((path) => [moduleName(path), path])),
      new Set(builtIn.split('\n').map(moduleName)),
    )
  }

  /**
   * The modules and all that they need, each after what it depends on. What is built into the kernel is
   * left out.
   * @throws When the kernel has no such module.
   */
  async loadOrder(names: readonly string[]): Promise<KernelModule[]> {
    const order = new Map<string, KernelModule>()
    const visit = async (name: string): Promise<void> => {
      if (order.has(name) || this.#builtIn.has(name)) return
      const module = await this.#load(name)
      for (const dependency of dependenciesOf(module.content)) await visit(dependency)
      order.set(name, module)
    }
    for (const name of names) await visit(moduleName(name))
    return [...order.values()]
  }

  async #load(name: string): Promise<KernelModule> {
    const known = this.#read.get(name)
    if (known !== undefined) return known
    const path = this.#files.get(name)
    if (path === undefined) throw new Error(`This kernel has no module ${name} (${this.#folder})`)
    const module = { name, content: unpack(path, await readFile(join(this.#folder, path))) }
    this.#read.set(name, module)
    return module
  }
}

/** `kernel/drivers/virtio/virtio-ring.ko.zst` → `virtio_ring` */
export function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')
}

/** Names in the module's own `.modinfo` section: entries `key=value`, each ended by a zero byte. */
export function dependenciesOf(module: Buffer): string[] {
  const names = /\0depends=([^\0]*)\0/.exec(module.toString('latin1'))?.[1] ?? ''
  return names.split(',').filter(Boolean).map(moduleName)
}

function unpack(path: string, content: Buffer): Buffer {
  if (path.endsWith('.ko')) return content
  if (path.endsWith('.ko.zst')) return zstdDecompressSync(content)
  throw new Error(`Cannot unpack the kernel module ${path}: only .ko and .ko.zst are known`)
}
