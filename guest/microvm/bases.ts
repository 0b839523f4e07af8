/** Root disks that microVMs can begin from without a registry. */
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../host-tools.ts'

export type Base = {
  readonly suite: string
  readonly packages: readonly string[]
  /** Of the file system that is packed; it grows to its disk. */
  readonly virtualSizeBytes: number
}

/** By name; another number behind the colon is another content. */
export const BASES: Readonly<Record<string, Base>> = {
  'garrison/base:1': {
    suite: 'bookworm',
    packages: [
      'ca-certificates',
      'curl',
      'git',
      'nodejs',
      'python3',
      'python3-pip',
      'python3-venv',
    ],
    virtualSizeBytes: 2 * 2 ** 30,
  },
}

/** What nobody looks up in a machine that lives for minutes. */
const LEFT_OUT = ['man', 'doc', 'locale', 'info']

export async function buildBase(base: Base, scratch: string, target: string): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error('The root disk of microVMs is made by root: run this with sudo')
  const root = join(scratch, 'root')
  try {
    await run('mmdebstrap', ['--version'])
  } catch {
    throw new Error('The root disk of microVMs needs mmdebstrap. Run: apt-get install mmdebstrap')
  }
  await run('mmdebstrap', [
    ...['--quiet', '--mode=root', '--variant=minbase'],
    '--aptopt=APT::Install-Recommends "0"',
    ...LEFT_OUT.map((folder) => `--dpkgopt=path-exclude=/usr/share/${folder}/*`),
    ...[`--include=${base.packages.join(',')}`, base.suite, root],
  ])
  await packFolder(root, base.virtualSizeBytes, scratch, target)
}

/** A folder laid out like a guest's `/`, with its owners, as a qcow2 with one ext4. */
export async function packFolder(
  root: string,
  virtualSizeBytes: number,
  scratch: string,
  target: string,
): Promise<void> {
  await mkdir(join(root, 'app'), { recursive: true })
  const raw = join(scratch, 'root.ext4')
  await writeFile(raw, '')
  await truncate(raw, virtualSizeBytes)
  await run('mkfs.ext4', [
    ...['-q', '-F', '-L', 'root', '-m', '1', '-d', root],
    ...['-b', '4096', '-i', '16384', '-J', 'size=16'],
    ...['-E', `lazy_itable_init=0,root_owner=0:0,resize=${2 ** 24}`, raw],
  ])
  // Not compressed: what every machine reads first should not have to be unpacked first.
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, target])
  await rm(raw)
}
