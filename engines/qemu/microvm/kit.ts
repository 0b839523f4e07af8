/** What the engine needs from whoever builds kernels and root disks for microVMs. */

/** Absolute paths of files that everybody may read. */
export type MicrovmKit = {
  readonly kernel: string
  readonly initrd: string
  /** Preloaded into QEMU, so that it opens memory that it may not change. */
  readonly preload: string
  /** Reads other processes' memory, and measures the processor's clock. */
  readonly tool: string
  /** Kernel arguments. */
  readonly append: string
}

export type MicrovmBase = {
  /** A qcow2 without a backing file. */
  readonly root: string
}

export type MicrovmKits = {
  /** Rejects with what to do. */
  ensure(): Promise<MicrovmKit>
  /** May take minutes. */
  ensureBase(name: string): Promise<MicrovmBase>
}
