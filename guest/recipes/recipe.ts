/** What an OS image is made of. Only data: how it is put together is in `build-*.ts`. */
import type { Distribution } from './distributions.ts'

export type Recipe = {
  readonly name: string
  /** For lists of OS images. Another `version` also makes a new image out of today's packages. */
  readonly type: string
  readonly version: string
  readonly loginUser: string
  /** GB (10^9 bytes). */
  readonly minDiskGb: number
  /** The root file system before it grows to its disk. A multiple of 128 MiB, one ext4 block group. */
  readonly virtualSizeBytes: number
  /** Kernel arguments besides `console=` and `root=`. */
  readonly append: string
  /** Absolute. `root/` is copied into the root file system, `initrd/` into the initrd, as they are. */
  readonly folder: string
  readonly programs: readonly Program[]
  /** Symbolic links: path to target. Relative, so that nothing on the host is meant while building. */
  readonly links: Readonly<Record<string, string>>
  /** Folders that nothing above makes, with their permissions. */
  readonly emptyFolders: Readonly<Record<string, number>>
  /** Kernel modules that each boot loads, in this order, and those that a NoCloud disk needs besides. */
  readonly bootModules: readonly string[]
  readonly seedDiskModules: readonly string[]
  /** By `ID-VERSION_ID` of the host's `/etc/os-release`: where its packages differ. */
  readonly distributions: Readonly<Record<string, Distribution>>
}

export type Program = {
  readonly package: string
  /** Where the package has it. Its libraries follow by themselves. */
  readonly path: string
  /** Where the image gets it, if elsewhere. */
  readonly at?: string
  /** It has no libraries. */
  readonly isStatic?: true
}
