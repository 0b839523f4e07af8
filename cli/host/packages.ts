/** What real machines need of the host beyond Node and npm: Debian packages, and how to see that they are there. */
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export type HostPackage = {
  readonly name: string
  /** Programs that prove it to be installed. */
  readonly programs: readonly string[]
  /** What proves it that is no program. */
  readonly files?: readonly string[]
  readonly why: string
}

/** Debian 12 and Ubuntu of the same age call them alike. */
export const hostPackages: readonly HostPackage[] = [
  { name: 'qemu-system-x86', programs: ['qemu-system-x86_64'], why: 'runs machines' },
  { name: 'qemu-utils', programs: ['qemu-img'], why: 'makes disks and images' },
  { name: 'iproute2', programs: ['ip', 'bridge'], why: 'makes networks' },
  { name: 'nftables', programs: ['nft'], why: 'separates tenants' },
  { name: 'dnsmasq-base', programs: ['dnsmasq'], why: 'gives machines their addresses' },
  {
    name: 'e2fsprogs',
    programs: ['mkfs.ext4', 'debugfs'],
    why: 'makes file systems of guest images',
  },
  {
    name: 'util-linux',
    programs: ['setpriv', 'unshare', 'flock'],
    why: 'runs machines and the database without rights',
  },
  {
    name: 'openssh-client',
    programs: ['ssh', 'scp', 'ssh-keygen', 'ssh-keyscan'],
    why: 'reaches machines',
  },
]

/** What microVMs need beyond that: their agent is compiled here, and their root disk is made of packages. */
export const microvmPackages: readonly HostPackage[] = [
  { name: 'gcc', programs: ['gcc'], why: 'compiles the agent of microVMs' },
  {
    name: 'libc6-dev',
    programs: [],
    files: ['/usr/include/stdio.h'],
    why: 'is compiled into the agent of microVMs',
  },
  { name: 'mmdebstrap', programs: ['mmdebstrap'], why: 'makes the root disk of microVMs' },
  { name: 'skopeo', programs: ['skopeo'], why: 'fetches images for microVMs' },
  { name: 'umoci', programs: ['umoci'], why: 'unpacks images for microVMs' },
]

/** What `garrison check` needs beyond that: it looks at the dashboard as people do. */
export const checkPackages: readonly HostPackage[] = [
  ...hostPackages,
  ...microvmPackages,
  { name: 'docker-registry', programs: ['docker-registry'], why: 'serves images of tests' },
  { name: 'busybox-static', programs: ['busybox'], why: 'is what images of tests are made of' },
  { name: 'chromium', programs: ['chromium'], why: 'looks at the dashboard' },
  {
    name: 'fonts-liberation',
    programs: [],
    files: ['/usr/share/fonts/truetype/liberation'],
    why: 'lets the browser write',
  },
]

/** Users other than root often lack the last of these. */
const usualFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** `PATH` with the folders that hold administrators' programs. */
export function fullPath(env: NodeJS.ProcessEnv = process.env): string {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...new Set([...folders, ...usualFolders])].join(delimiter)
}

/** Those of the packages of which a program is missing from the `path`, or a file from the host. */
export function missingPackages(
  path = fullPath(),
  packages: readonly HostPackage[] = hostPackages,
): HostPackage[] {
  const folders = path.split(delimiter)
  const isThere = (program: string) => folders.some((folder) => isExecutable(join(folder, program)))
  return packages.filter(
    ({ programs, files = [] }) =>
      !programs.every(isThere) || !files.every((file) => existsSync(file)),
  )
}

/** The line that installs them by hand, as root. */
export function installLine(packages: readonly HostPackage[]): string {
  const names = packages.map(({ name }) => name).join(' ')
  return `apt-get update && apt-get install --no-install-recommends ${names}`
}

function isExecutable(file: string) {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
