/**
 * Debian packages as material: downloaded and unpacked into folders of ours, never installed. apt checks
 * them against the distribution's signatures. They are kept, so that a changed recipe builds without a
 * network.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publishFolder } from './durable-folder.ts'
import { run } from './host-tools.ts'
import type { Distribution } from './recipes/distributions.ts'

export type Package = { readonly name: string; readonly version: string; readonly file: string }

export type Packages = {
  /** Names of the package with the kernel and of the one with its modules; they may be the same. */
  readonly kernel: string
  readonly modules: string
  readonly all: readonly Package[]
}

const LIST = 'packages.json'

/**
 * The packages kept in `folder`; downloads them when they are not there. One caller at a time.
 * @param names Besides the kernel.
 */
export async function keepPackages(
  folder: string,
  distribution: Distribution,
  names: readonly string[],
  report: (line: string) => void,
): Promise<Packages> {
  const kept = await readList(folder)
  if (kept !== null) return kept
  report('Downloading Debian packages for guest images')
  const scratch = await mkdtemp(`${folder}.building-`)
  try {
    const packages = await download(scratch, distribution, names)
    await writeFile(join(scratch, LIST), JSON.stringify(packages, null, 2))
    await publishFolder(scratch, folder)
    return packages
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function readList(folder: string): Promise<Packages | null> {
  try {
    return JSON.parse(await readFile(join(folder, LIST), 'utf8'))
  } catch {
    return null
  }
}

/**
 * The host's package lists may be missing, or so old that the servers have newer versions only. Lists of
 * our own are then fetched; the host's stay as they are.
 */
async function download(folder: string, distribution: Distribution, names: readonly string[]) {
  const lists = join(folder, 'lists')
  const fresh = [`Dir::State::Lists=${lists}`, 'Dir::Cache::pkgcache=', 'Dir::Cache::srcpkgcache=']
  try {
    return await downloadWith([], folder, distribution, names)
  } catch {
    // Some packages may be there already, in versions that are not the newest.
    for (const file of await readdir(folder)) await rm(join(folder, file))
    await mkdir(join(lists, 'partial'), { recursive: true })
  }
  try {
    await run('apt-get', aptArguments(fresh, 'update'))
    return await downloadWith(fresh, folder, distribution, names)
  } catch (cause) {
    throw new Error(
      `Cannot download the packages that guest images are made of. Check the network and apt's sources. ${messageOf(cause)}`,
      { cause },
    )
  } finally {
    await rm(lists, { recursive: true })
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

async function downloadWith(
  options: readonly string[],
  folder: string,
  distribution: Distribution,
  names: readonly string[],
): Promise<Packages> {
  const depends = await run(
    'apt-cache',
    aptArguments(options, 'depends', distribution.kernelPackage),
  )
  const kernel = newestKernel(depends)
  if (kernel === null) {
    throw new Error(`apt does not know what ${distribution.kernelPackage} depends on:\n${depends}`)
  }
  const prefix = distribution.modulesPackagePrefix
  const modules = prefix === null ? kernel : kernel.replace(/^linux-image-(unsigned-)?/, prefix)
  const wanted = new Set([kernel, modules, ...names])
  await run('apt-get', aptArguments(options, 'download', ...wanted), { cwd: folder })
  const files = (await readdir(folder)).filter((file) => file.endsWith('.deb'))
  const all = await Promise.all(files.map((file) => describe(folder, file)))
  return { kernel, modules, all }
}

/** The kernel that a package such as `linux-image-cloud-amd64` stands for, out of `apt-cache depends`. */
export function newestKernel(depends: string): string | null {
  return /^\s*Depends: (linux-image-(?:unsigned-)?\d\S*)$/m.exec(depends)?.[1] ?? null
}

/** As root, apt would download as another user, who cannot write to our folder. */
function aptArguments(options: readonly string[], ...command: string[]): string[] {
  const sandbox = process.getuid?.() === 0 ? ['APT::Sandbox::User=root'] : []
  return ['-qq', ...[...sandbox, ...options].flatMap((option) => ['-o', option]), ...command]
}

async function describe(folder: string, file: string): Promise<Package> {
  const shown = await run('dpkg-deb', ['--show', join(folder, file)])
  const [name = '', version = ''] = shown.trim().split('\t')
  return { name, version, file }
}

/** Unpacks a package below `target`, into a folder with its name; answers that folder. */
export async function unpackPackage(
  kept: string,
  packages: Packages,
  name: string,
  target: string,
): Promise<string> {
  const found = packages.all.find((candidate) => candidate.name === name)
  if (found === undefined) throw new Error(`No package ${name} in ${kept}. Remove that folder.`)
  const folder = join(target, name)
  await run('dpkg-deb', ['--extract', join(kept, found.file), folder])
  return folder
}
