/**
 * Where the packages of the supported hosts differ.
 *
 * Only Debian 12 has been built and booted. The names for Ubuntu have not been tried: its kernel
 * comes in two packages, its modules are compressed, and more drivers are built in.
 */

export type Distribution = {
  /** Depends on the newest kernel made for virtual machines. */
  readonly kernelPackage: string
  /** The kernel's modules are in a package of their own, named so before the kernel's version. */
  readonly modulesPackagePrefix: string | null
  /** Packages that the libraries come from. */
  readonly libraries: readonly string[]
}

const LIBRARIES = [
  'libblkid1',
  'libc6',
  'libcom-err2',
  'libcrypt1',
  'libext2fs2',
  'libglib2.0-0',
  'libgmp10',
  'libnuma1',
  'libpcre2-8-0',
  'libtomcrypt1',
  'libtommath1',
  'libudev1',
  'liburing2',
  'libuuid1',
  'zlib1g',
] as const

/** Ubuntu 24.04 renamed what has 64-bit times now. */
const RENAMED: Readonly<Record<string, string>> = {
  libext2fs2: 'libext2fs2t64',
  'libglib2.0-0': 'libglib2.0-0t64',
}

export const DISTRIBUTIONS = {
  'debian-12': {
    kernelPackage: 'linux-image-cloud-amd64',
    modulesPackagePrefix: null,
    libraries: LIBRARIES,
  },
  'ubuntu-22.04': {
    kernelPackage: 'linux-image-virtual',
    modulesPackagePrefix: 'linux-modules-',
    libraries: LIBRARIES.map((name) => (name === 'libpcre2-8-0' ? 'libpcre3' : name)),
  },
  'ubuntu-24.04': {
    kernelPackage: 'linux-image-virtual',
    modulesPackagePrefix: 'linux-modules-',
    libraries: LIBRARIES.map((name) => RENAMED[name] ?? name),
  },
} satisfies Record<string, Distribution>
