/**
 * What the engine needs from whoever builds the operating systems that an installation offers. What people make of
 * their machines' disks is in disks/images.ts, what microVMs have from registries in microvm/images/.
 */

/** A built OS image: a root disk and the kernel that its modules belong to. All paths are absolute. */
export type BootImage = {
  readonly name: string
  /** Short hash of how it was made; another recipe is another kernel. `[a-z0-9-]`. */
  readonly recipe: string
  /** A qcow2 without a backing file. */
  readonly root: string
  readonly virtualSizeBytes: number
  readonly sizeBytes: number
  readonly kernel: string
  readonly initrd: string
  /** Kernel arguments it needs besides `console=` and `root=`. */
  readonly append: string
  readonly loginUser: string
}

export type OsImageInfo = {
  readonly name: string
  readonly minDiskGb: number
  readonly sizeBytes: number
  /** Built already; otherwise {@link OsImages.ensure} takes as long as a build. */
  readonly ready: boolean
}

export type OsImages = {
  list(): Promise<readonly OsImageInfo[]>
  /** Builds it when it is not there. Its files may be purged later: copy what must stay. */
  ensure(name: string): Promise<BootImage>
}
