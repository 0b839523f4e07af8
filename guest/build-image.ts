/**
 * Builds an OS image into a folder:
 *
 *     packages ─┬─ kernel, its modules, a static busybox, small/initrd ──→ kernel, initrd
 *               └─ programs, their libraries, small/root ──→ / ──→ ext4 ──→ root.qcow2
 *
 * `manifest.json` says what it is and what it was made of.
 */
import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildInitrd } from './build-initrd.ts'
import { type Packages, unpackPackage } from './build-packages.ts'
import { findInPackage, layOutRoot, packRoot } from './build-root.ts'
import { ModuleTree } from './kernel-modules.ts'
import type { Distribution } from './recipes/distributions.ts'
import type { Recipe } from './recipes/recipe.ts'

/** Files of an image. */
export const ROOT = 'root.qcow2'
export const KERNEL = 'vmlinuz'
export const INITRD = 'initrd'
export const MANIFEST = 'manifest.json'

export type Manifest = {
  readonly name: string
  readonly virtualSizeBytes: number
  /** Of the root disk's file. */
  readonly sizeBytes: number
  readonly append: string
  readonly loginUser: string
  /** Debian versions, by package. */
  readonly packages: Readonly<Record<string, string>>
}

/** Has no libraries: it runs where there is nothing else. */
const STATIC_BUSYBOX = 'busybox-static'

/** What has to be downloaded besides the kernel. */
export function packageNames(recipe: Recipe, distribution: Distribution): string[] {
  const programs = recipe.programs.map((program) => program.package)
  return [...new Set([...programs, ...distribution.libraries, STATIC_BUSYBOX])]
}

export type Build = {
  readonly recipe: Recipe
  readonly packages: Packages
  /** Folder of the package files. */
  readonly kept: string
  /** Empty folders: for the image, and for everything else. */
  readonly target: string
  readonly scratch: string
}

export async function buildImage(build: Build): Promise<void> {
  await everyOne([buildBoot(build), buildRoot(build)])
  const { recipe, packages, target } = build
  const manifest: Manifest = {
    name: recipe.name,
    virtualSizeBytes: recipe.virtualSizeBytes,
    sizeBytes: (await stat(join(target, ROOT))).size,
    append: recipe.append,
    loginUser: recipe.loginUser,
    packages: Object.fromEntries(packages.all.map(({ name, version }) => [name, version])),
  }
  await writeFile(join(target, MANIFEST), JSON.stringify(manifest, null, 2))
}

async function buildBoot({ recipe, packages, kept, target, scratch }: Build) {
  const names = [...new Set([packages.kernel, packages.modules, STATIC_BUSYBOX])]
  const unpacked = await unpackAll(names, kept, packages, join(scratch, 'boot'))
  const version = packages.kernel.replace(/^linux-image-(unsigned-)?/, '')
  const kernel = findInPackage(unpacked, packages.kernel, `/boot/vmlinuz-${version}`)
  const modules = findInPackage(unpacked, packages.modules, `/usr/lib/modules/${version}`)
  const busybox = findInPackage(unpacked, STATIC_BUSYBOX, '/usr/bin/busybox')
  await copyFile(kernel, join(target, KERNEL))
  const initrd = await buildInitrd(recipe, busybox, await ModuleTree.open(modules))
  await writeFile(join(target, INITRD), initrd)
}

async function buildRoot({ recipe, packages, kept, target, scratch }: Build) {
  const boot = [packages.kernel, packages.modules]
  const names = packages.all.map(({ name }) => name).filter((name) => !boot.includes(name))
  const unpacked = await unpackAll(names, kept, packages, join(scratch, 'packages'))
  const root = join(scratch, 'root')
  await layOutRoot(recipe, unpacked, root)
  await packRoot(recipe, root, scratch, join(target, ROOT))
}

async function unpackAll(
  names: readonly string[],
  kept: string,
  packages: Packages,
  target: string,
): Promise<Map<string, string>> {
  await mkdir(target)
  const folders = await everyOne(names.map((name) => unpackPackage(kept, packages, name, target)))
  return new Map(names.map((name, index) => [name, folders[index] ?? '']))
}

/** Waits to the end even if one fails: the caller then removes the folders that the others write to. */
async function everyOne<T>(work: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}
