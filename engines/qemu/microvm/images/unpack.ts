/**
 * An image's layers as one disk layer. The tree between the two was made by somebody: names, links, owners
 * and sizes are theirs. So it is measured before it exists, and laid out and packed by a root who is nobody here.
 */
import { chown, lstat, mkdir, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, GuestError } from '../../../engine.ts'
import { requireFreeSpace } from '../../disks/free-space.ts'
import { run } from '../../network/run.ts'
import { ConfinedFailure, type Confinement, runConfined } from '../../transfer/confined.ts'
import type { MicrovmHost } from '../host.ts'
import { missingProgram } from './complaints.ts'
import { LIMITS } from './manifest.ts'
import { readTarFacts, type TarFacts } from './tar-facts.ts'
import { makeUserNamespace } from './user-namespace.ts'

const MEMORY_BYTES = 8 * 2 ** 30
const BYTES_PER_INODE = 16_384
/** Of a file system for itself: its journal, and what it keeps for root. */
const OVERHEAD = 1.08
const OVERHEAD_BYTES = 96 * 2 ** 20
const MAX_DISK_BYTES = 16e9

/** Changes with what the same image becomes, so that others are made. */
export const UNPACKED_AS = 1

export type Unpacking = {
  readonly host: MicrovmHost
  /** There, and for nobody else. */
  readonly folder: string
  readonly image: string
  readonly layout: string
  /** Lowest first. */
  readonly layers: readonly string[]
  /** Name of the disk layer that it becomes. */
  readonly name: string
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

/** Throws {@link GuestError} with what is wrong with the image. */
export async function unpackImage(unpacking: Unpacking): Promise<void> {
  const { host, folder, image, layout, layers, log, signal } = unpacking
  const facts = await measure(layers, signal)
  const diskBytes = diskBytesFor(facts)
  // The tree, the file system, and the layer; files have holes where disks are empty.
  await requireFreeSpace(folder, facts.bytes * 3)
  log(`Unpacking ${facts.entries} files, ${mb(facts.bytes)} MB`)
  const first = host.imageUsers
  await using users = await makeUserNamespace(first)
  const shared = { owner: { uid: first, gid: first }, memoryBytes: MEMORY_BYTES, signal }
  const confinement = { ...shared, rootIn: users.path }
  const work = join(folder, 'work')
  await mkdir(work, { mode: 0o700 })
  await chown(work, first, first)
  const root = join(work, 'root')
  const most = { ...confinement, writesBytes: facts.bytes + 2 ** 20 }
  await refusing(image, 'could not be unpacked', () =>
    runConfined('umoci', ['raw', 'unpack', '--image', `${layout}:image`, root], most),
  )
  await rm(layout, { recursive: true, force: true })
  if (!(await hasShell(root)))
    throw new GuestError(
      'failed',
      `${image} has no shell at /bin/sh, which commands of microVMs are run by`,
    )
  log('Packing')
  await pack(unpacking, { work, root, diskBytes, facts }, confinement)
}

async function measure(layers: readonly string[], signal: AbortSignal): Promise<TarFacts> {
  let entries = 0
  let bytes = 0
  for (const layer of layers) {
    const left = { entries: LIMITS.entries - entries, bytes: LIMITS.unpackedBytes - bytes }
    const found = await readTarFacts(layer, left, signal)
    entries += found.entries
    bytes += found.bytes
  }
  return { entries, bytes }
}

function diskBytesFor({ bytes, entries }: TarFacts): number {
  const needed = Math.max(bytes * OVERHEAD, entries * BYTES_PER_INODE * 1.1) + OVERHEAD_BYTES
  if (needed > MAX_DISK_BYTES)
    throw new GuestError('full', 'The image does not fit on a disk of 16 GB')
  return Math.ceil(needed / 2 ** 20) * 2 ** 20
}

/** Folders that the first process of a machine mounts something on are folders. */
const PREPARE = `cd "$1" || exit 1
for folder in .garrison app dev proc sys run tmp; do
  if [ -L "$folder" ] || [ ! -d "$folder" ]; then rm -rf "./$folder" && mkdir "./$folder" || exit 1; fi
done
chmod 1777 tmp`

async function pack(
  { host, folder, image, name }: Unpacking,
  made: { work: string; root: string; diskBytes: number; facts: TarFacts },
  confinement: Confinement,
): Promise<void> {
  const { work, root, diskBytes } = made
  const writing = { ...confinement, writesBytes: diskBytes }
  const raw = join(work, 'root.ext4')
  await refusing(image, 'could not be packed', async () => {
    await runConfined('sh', ['-c', PREPARE, 'sh', root], confinement)
    await runConfined('truncate', ['-s', String(diskBytes), raw], writing)
    await runConfined(
      'mkfs.ext4',
      [
        ...['-q', '-F', '-L', 'root', '-m', '1', '-d', root],
        ...['-b', '4096', '-i', String(BYTES_PER_INODE), '-J', 'size=16'],
        ...['-E', `lazy_itable_init=0,root_owner=0:0,resize=${2 ** 24}`, raw],
      ],
      writing,
    )
  })
  // Gone before its copy is made. Paths in it may be longer than a program can say at once.
  await run('rm', ['-rf', '--one-file-system', '--', root])
  await requireFreeSpace(folder, made.facts.bytes)
  const { owner, signal } = confinement
  await host.layers.createFrom(name, owner, async (unfinished) => {
    const convert = ['convert', '-f', 'raw', '-O', 'qcow2', raw, unfinished]
    const writesBytes = diskBytes * 1.01 + 64 * 2 ** 20
    await refusing(image, 'could not be packed', () =>
      runConfined('qemu-img', convert, { owner, writesBytes, signal }),
    )
  })
  await host.layers.freeze(name, 0, true)
}

async function refusing(image: string, what: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (!(cause instanceof ConfinedFailure)) throw cause
    const missing = missingProgram(cause.message)
    if (missing !== null) throw new EngineError(missing)
    const full = /no space left|file too large|SIGXFSZ|could not allocate/i.test(cause.message)
    if (full) throw new GuestError('full', `There was no room for ${image}`, { cause })
    throw new GuestError('failed', `${image} ${what}`, { cause })
  }
}

const MOST_LINKS = 40

/** Links lead where they would in the machine. */
export async function hasShell(root: string, path = '/bin/sh'): Promise<boolean> {
  let left = path.split('/').filter(Boolean)
  let at: string[] = []
  for (let links = 0; left.length > 0; ) {
    const [name = '', ...rest] = left
    left = rest
    if (name === '.') continue
    if (name === '..') {
      at = at.slice(0, -1)
      continue
    }
    const here = join(root, ...at, name)
    const found = await lstat(here).catch(() => null)
    if (found === null) return false
    if (found.isSymbolicLink()) {
      if (++links > MOST_LINKS) return false
      const target = await readlink(here)
      if (target.startsWith('/')) at = []
      left = [...target.split('/').filter(Boolean), ...left]
      continue
    }
    if (left.length === 0) return found.isFile() && (found.mode & 0o111) !== 0
    if (!found.isDirectory()) return false
    at = [...at, name]
  }
  return false
}

const mb = (bytes: number) => (bytes / 1e6).toFixed(0)
