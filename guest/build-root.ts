/**
 * The root file system: a folder laid out like the guest's `/`, then ext4, then qcow2. Nothing is
 * mounted, so it needs no rights.
 */

import { existsSync } from 'node:fs'
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  readdir,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { run } from './host-tools.ts'
import type { Recipe } from './recipes/recipe.ts'
import { Loader } from './shared-libraries.ts'

const BUSYBOX = '/usr/bin/busybox'
const LIBRARIES = '/usr/lib/x86_64-linux-gnu'

/** Lays out the guest's `/`. @param unpacked Folder of each unpacked package, by name. */
export async function layOutRoot(
  recipe: Recipe,
  unpacked: ReadonlyMap<string, string>,
  root: string,
): Promise<void> {
  const loader = new Loader([...unpacked.values()])
  await cp(join(recipe.folder, 'root'), root, { recursive: true })

  const libraries = new Set<string>()
  for (const program of recipe.programs) {
    const source = findInPackage(unpacked, program.package, program.path)
    const target = join(root, program.at ?? program.path)
    await put(source, target)
    await chmod(target, 0o755)
    if (program.isStatic) continue
    for (const library of await loader.librariesOf(source)) libraries.add(library)
  }
  for (const library of libraries) await put(library, join(root, LIBRARIES, basename(library)))
  await plainModes(root)

  for (const [path, mode] of Object.entries(recipe.emptyFolders)) {
    await mkdir(join(root, path), { recursive: true })
    await chmod(join(root, path), mode)
  }
  const applets = await loader.run(join(root, BUSYBOX), '--list-full')
  const links = { ...appletLinks(applets), ...recipe.links }
  // busybox has lesser ones of some programs.
  for (const { path, at } of recipe.programs) delete links[at ?? path]
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await symlink(target, join(root, path))
  }
}

/** Links to busybox for what it lists, e.g. `sbin/init`; everything is below `/usr` in the guest. */
export function appletLinks(listed: string): Record<string, string> {
  const paths = listed.split('\n').filter((path) => path.includes('/'))
  return Object.fromEntries(
    paths
      .map((path) => `/usr/${path.replace(/^usr\//, '')}`)
      .map((path) => [path, relative(dirname(path), BUSYBOX)]),
  )
}

/** Older packages have some programs outside of `/usr`. */
export function findInPackage(
  unpacked: ReadonlyMap<string, string>,
  name: string,
  path: string,
): string {
  const folder = unpacked.get(name)
  if (folder === undefined) throw new Error(`The recipe has no package ${name}`)
  const found = [path, path.replace(/^\/usr\//, '/')].map((p) => join(folder, p)).find(existsSync)
  if (found === undefined) throw new Error(`The package ${name} has no ${path}`)
  return found
}

async function put(source: string, target: string) {
  await mkdir(dirname(target), { recursive: true })
  await copyFile(source, target)
}

/** Whoever checked the sources out may have had any umask. */
async function plainModes(root: string) {
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode } = await stat(path)
    await chmod(path, entry.isDirectory() || mode & 0o100 ? 0o755 : 0o644)
  }
}

/** @param root Folder made by {@link layOutRoot}. @param scratch For a file of the whole size. */
export async function packRoot(recipe: Recipe, root: string, scratch: string, target: string) {
  const raw = join(scratch, 'root.ext4')
  await writeFile(raw, '')
  await truncate(raw, recipe.virtualSizeBytes)
  await run('mkfs.ext4', [
    ...['-q', '-F', '-L', 'root', '-m', '1', '-d', root],
    // By themselves, small file systems get 1 KiB blocks and few inodes, and keep them when they grow.
    ...['-b', '4096', '-i', '16384', '-J', 'size=16'],
    // In blocks: room in the group descriptors to grow to 1 TiB. The kernel can go on from there; more
    // room would be written to every disk, where it is as large as everything else of a first boot.
    ...['-E', `lazy_itable_init=0,root_owner=0:0,resize=${2 ** 28}`],
    raw,
  ])
  if (process.getuid?.() !== 0) await giveToRoot(root, raw, scratch)
  const format = ['-f', 'raw', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd']
  await run('qemu-img', ['convert', ...format, raw, target])
}

/** mkfs.ext4 copies the owners of the files, here the user who builds. */
async function giveToRoot(root: string, raw: string, scratch: string) {
  // With types, since without them it would follow links.
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const commands = entries.flatMap((entry) => {
    const path = `/${relative(root, join(entry.parentPath, entry.name))}`
    return ['uid', 'gid'].map((field) => `set_inode_field "${path}" ${field} 0`)
  })
  const script = join(scratch, 'owners')
  await writeFile(script, commands.join('\n'))
  await run('debugfs', ['-w', '-f', script, raw])
}
