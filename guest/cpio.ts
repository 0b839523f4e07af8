/**
 * Writes archives in the "newc" format that the Linux kernel unpacks as its initial root file system:
 * for each entry a header of 110 characters, the name, the content, the last two padded to 4 bytes.
 * https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
 */

export type CpioEntry = {
  /** Relative, without a leading slash. Folders come before what is in them. */
  readonly path: string
  /** Type and permissions, as in `stat`. */
  readonly mode: number
  readonly content?: Uint8Array
}

/** Permissions are added to these. */
export const CPIO_FOLDER = 0o040000
export const CPIO_FILE = 0o100000

/** Everything belongs to root and is as old as 1970, so that equal content makes equal archives. */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const archived = entries.flatMap((entry, index) => archiveEntry(entry, index + 1))
  return Buffer.concat([...archived, ...archiveEntry({ path: 'TRAILER!!!', mode: 0 }, 0)])
}

function archiveEntry({ path, mode, content = new Uint8Array() }: CpioEntry, inode: number) {
  const name = Buffer.from(`${path}\0`)
  const links = 1
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0]
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
  const head = Buffer.concat([Buffer.from(header), name])
  return [head, padding(head.length), content, padding(content.length)]
}

function padding(length: number) {
  return Buffer.alloc((4 - (length % 4)) % 4)
}
