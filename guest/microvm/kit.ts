/**
 * What microVMs need of the host's side, built on first use and kept:
 *
 *     CACHE/microvm-<hash>/        vmlinuz, initrd with the agent, read-only-memory.so, host-tool
 *     CACHE/microvm-base-1-<hash>/ root.qcow2: Debian with Python and Node
 *
 * The agent is compiled here and not shipped: a program that every guest runs as its first process should be
 * what its source says.
 */
import { createHash } from 'node:crypto'
import {
  access,
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { packageNames } from '../build-image.ts'
import { buildInitrd } from '../build-initrd.ts'
import { keepPackages, unpackPackage } from '../build-packages.ts'
import { findInPackage } from '../build-root.ts'
import { CPIO_FILE, cpioArchive } from '../cpio.ts'
import { publishFolder } from '../durable-folder.ts'
import { lockFile } from '../host-lock.ts'
import { run } from '../host-tools.ts'
import { ModuleTree } from '../kernel-modules.ts'
import { packagesHash } from '../recipe-hash.ts'
import { garrisonSmall } from '../recipes/garrison-small.ts'
import type { Recipe } from '../recipes/recipe.ts'
import { BASES, buildBase } from './bases.ts'

const AGENT = join(import.meta.dirname, '../agent')

/** Files that every microVM is started with. Paths are absolute. */
export type MicrovmKit = {
  readonly kernel: string
  readonly initrd: string
  /** Preloaded into QEMU; see read-only-memory.c. */
  readonly preload: string
  /** Reads other processes' memory, and measures the processor's clock; see host-tool.c. */
  readonly tool: string
  /** Kernel arguments. */
  readonly append: string
}

/** A root disk that nobody has booted yet. */
export type MicrovmBase = { readonly root: string }

/** Only what the initrd is made of differs from the larger machines' recipe. */
const recipe: Recipe = {
  ...garrisonSmall,
  name: 'microvm',
  folder: import.meta.dirname,
  bootModules: ['virtio_mmio', 'virtio_blk', 'virtio_net', 'virtio_console', 'virtio_rng'],
  seedDiskModules: [],
}

const APPEND = [
  // Memory that is let go holds nothing any more, so that no snapshot has it.
  'init_on_alloc=0 init_on_free=1',
  'console=ttyS0 root=/dev/vda quiet panic=-1 reboot=t ipv6.disable=1 net.ifnames=0',
  garrisonSmall.append,
].join(' ')

export class MicrovmKits {
  readonly #cacheDir: string
  readonly #report: (line: string) => void
  #kit: Promise<MicrovmKit> | null = null

  /** @param options.cacheDir May be shared by any number of processes. */
  constructor(options: { cacheDir: string; report?: (line: string) => void }) {
    this.#cacheDir = resolve(options.cacheDir)
    this.#report = options.report ?? (() => {})
  }

  /** @throws With what to do: missing programs, no network for the packages. */
  ensure(): Promise<MicrovmKit> {
    this.#kit ??= this.#ensure().catch((error: unknown) => {
      this.#kit = null
      throw error
    })
    return this.#kit
  }

  /** Takes minutes when it is not there. @throws With what to do. */
  async ensureBase(name: string): Promise<MicrovmBase> {
    const base = BASES[name]
    if (base === undefined)
      throw new Error(`There is no base "${name}". There is: ${Object.keys(BASES).join(', ')}`)
    const code = await readFile(join(import.meta.dirname, 'bases.ts'))
    const hash = createHash('sha256').update(code).update(name).digest('hex').slice(0, 12)
    const folder = join(this.#cacheDir, `microvm-${name.replaceAll(/[^a-z0-9]/g, '-')}-${hash}`)
    await this.#publish(folder, 'root.qcow2', async (target, scratch) => {
      this.#report(`Building the root disk of microVMs, ${name}; this takes some minutes`)
      await buildBase(base, scratch, join(target, 'root.qcow2'))
    })
    return { root: join(folder, 'root.qcow2') }
  }

  async #ensure(): Promise<MicrovmKit> {
    const { ID = 'unknown', VERSION_ID = '' } = parseEnv(await readFile('/etc/os-release', 'utf8'))
    const host = `${ID}-${VERSION_ID}`
    const hash = await kitHash(host)
    const folder = join(this.#cacheDir, `microvm-${hash}`)
    await this.#publish(folder, 'initrd', (target, scratch) => this.#build(host, target, scratch))
    // Folders are published for reading only.
    await chmod(join(folder, 'host-tool'), 0o755)
    return {
      kernel: join(folder, 'vmlinuz'),
      initrd: join(folder, 'initrd'),
      preload: join(folder, 'read-only-memory.so'),
      tool: join(folder, 'host-tool'),
      append: APPEND,
    }
  }

  async #build(host: string, target: string, scratch: string): Promise<void> {
    await requireCompiler()
    const distribution = recipe.distributions[host]
    if (distribution === undefined) {
      const known = Object.keys(recipe.distributions).join(', ')
      throw new Error(`MicroVMs can be built on ${known}; this host is ${host}`)
    }
    // The same packages as for the larger machines, so that they are downloaded once.
    const names = packageNames(garrisonSmall, distribution)
    const kept = join(
      this.#cacheDir,
      `packages-${packagesHash([host, garrisonSmall.version, ...names])}`,
    )
    const packages = await keepPackages(kept, distribution, names, this.#report)
    this.#report('Building the kernel and the agent of microVMs')
    const unpacked = new Map<string, string>()
    for (const name of new Set([packages.kernel, packages.modules, 'busybox-static']))
      unpacked.set(name, await unpackPackage(kept, packages, name, scratch))
    const version = packages.kernel.replace(/^linux-image-(unsigned-)?/, '')
    const modules = findInPackage(unpacked, packages.modules, `/usr/lib/modules/${version}`)
    const busybox = findInPackage(unpacked, 'busybox-static', '/usr/bin/busybox')
    await copyFile(
      findInPackage(unpacked, packages.kernel, `/boot/vmlinuz-${version}`),
      join(target, 'vmlinuz'),
    )
    const agent = join(scratch, 'agent')
    const sources = (await sourcesOf(AGENT)).filter((path) => path.endsWith('.c'))
    await run('gcc', ['-O2', '-static', '-s', '-o', agent, ...sources])
    const preload = join(import.meta.dirname, 'read-only-memory.c')
    await run('gcc', [
      '-O2',
      '-shared',
      '-fPIC',
      '-o',
      join(target, 'read-only-memory.so'),
      preload,
    ])
    const tool = join(target, 'host-tool')
    await run('gcc', ['-O2', '-o', tool, join(import.meta.dirname, 'host-tool.c')])
    const initrd = await buildInitrd(recipe, busybox, await ModuleTree.open(modules))
    // The kernel unpacks one archive after the other.
    const more = cpioArchive([
      { path: 'agent', mode: CPIO_FILE | 0o755, content: await readFile(agent) },
    ])
    await writeFile(join(target, 'initrd'), Buffer.concat([initrd, more]))
  }

  async #publish(
    folder: string,
    proof: string,
    build: (target: string, scratch: string) => Promise<void>,
  ): Promise<void> {
    const isThere = () =>
      access(join(folder, proof)).then(
        () => true,
        () => false,
      )
    if (await isThere()) return
    if ((await mkdir(this.#cacheDir, { recursive: true })) !== undefined)
      await chmod(this.#cacheDir, 0o755)
    await using _lock = await lockFile(join(this.#cacheDir, 'lock'))
    if (await isThere()) return
    const scratchPrefix = `${folder}.building-`
    // Of builds that were killed: whoever holds the lock is the only one who builds.
    for (const name of await readdir(this.#cacheDir))
      if (name.startsWith(basename(scratchPrefix)))
        await rm(join(this.#cacheDir, name), { recursive: true, force: true })
    const scratch = await mkdtemp(scratchPrefix)
    try {
      const target = join(scratch, 'target')
      await mkdir(target)
      await build(target, scratch)
      await publishFolder(target, folder)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
}

async function kitHash(host: string): Promise<string> {
  const hash = createHash('sha256').update(host).update(APPEND).update(garrisonSmall.version)
  const beside = ['initrd/init', 'read-only-memory.c', 'host-tool.c', 'kit.ts']
  const own = beside.map((file) => join(import.meta.dirname, file))
  for (const path of [...(await sourcesOf(AGENT)), ...own]) hash.update(await readFile(path))
  return hash.digest('hex').slice(0, 12)
}

async function sourcesOf(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => /\.[ch]$/.test(file))
  return files.sort().map((file) => join(folder, file))
}

async function requireCompiler(): Promise<void> {
  try {
    await run('gcc', ['--version'])
  } catch {
    throw new Error('The agent of microVMs is compiled here. Run: apt-get install gcc libc6-dev')
  }
}
