/** The first root file system: one static busybox, the kernel's modules, a script that uses them. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CPIO_FILE, CPIO_FOLDER, type CpioEntry, cpioArchive } from './cpio.ts'
import type { KernelModule, ModuleTree } from './kernel-modules.ts'
import type { Recipe } from './recipes/recipe.ts'

/**
 * Not compressed: a boot takes as long either way.
 * @param busybox Path of a static one.
 */
export async function buildInitrd(
  recipe: Recipe,
  busybox: string,
  modules: ModuleTree,
): Promise<Buffer> {
  const boot = await modules.loadOrder(recipe.bootModules)
  const seedDisk = (await modules.loadOrder(recipe.seedDiskModules)).filter(
    (module) => !boot.includes(module),
  )
  return cpioArchive([
    ...['bin', 'dev', 'modules', 'proc', 'root', 'sys'].map(folder),
    program('init', await readFile(join(recipe.folder, 'initrd/init'))),
    program('bin/busybox', await readFile(busybox)),
    ...[...boot, ...seedDisk].map((module) => file(`modules/${module.name}.ko`, module.content)),
    file('modules/boot', listOf(boot)),
    file('modules/seed-disk', listOf(seedDisk)),
  ])
}

const folder = (path: string): CpioEntry => ({ path, mode: CPIO_FOLDER | 0o755 })
const program = (path: string, content: Buffer): CpioEntry => ({
  path,
  mode: CPIO_FILE | 0o755,
  content,
})
const file = (path: string, content: Buffer): CpioEntry => ({
  path,
  mode: CPIO_FILE | 0o644,
  content,
})

/** One file name a line, as the script reads them. */
function listOf(modules: readonly KernelModule[]): Buffer {
  return Buffer.from(modules.map(({ name }) => `${name}.ko\n`).join(''))
}
