/**
 * What a disk file from elsewhere may be: a qcow2 that stands alone, and no more of it than what our own
 * exports use. Looked at byte by byte, before any program that understands the format opens it.
 */
import { open } from 'node:fs/promises'
import { EngineError } from '../../engine.ts'

/** From QEMU's qcow2 specification. */
const MAGIC = 'QFI\xfb'
const HEADER_BYTES = 104
const FEATURE_COMPRESSION_TYPE = 1n << 3n
const EXTENSION_END = 0
const EXTENSION_BACKING_FORMAT = 0xe2792aca
const EXTENSION_FEATURE_NAMES = 0x6803f857
/** A cluster of qemu-img's own default is 64 KiB; ours are. */
const CLUSTER_BITS = { least: 9, most: 21 }
const MOST_EXTENSIONS = 16

/** It is not what its manifest says, or nothing that is taken in. The message is for whoever sent it. */
export class UnfitDisk extends EngineError {
  override name = 'UnfitDisk'
}

/** Throws {@link UnfitDisk} unless the file is a plain qcow2 of exactly this virtual size. */
export async function requirePlainQcow2(path: string, virtualSizeBytes: number): Promise<void> {
  const file = await open(path, 'r')
  try {
    // Extensions stand within the first cluster; ours need a few hundred bytes.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(65_536), 0, 65_536, 0)
    const problem = problemOf(buffer.subarray(0, bytesRead), virtualSizeBytes)
    if (problem !== null) throw new UnfitDisk(`The disk file is refused: ${problem}`)
  } finally {
    await file.close()
  }
}

export function problemOf(bytes: Buffer, virtualSizeBytes: number): string | null {
  if (bytes.length < HEADER_BYTES || bytes.toString('latin1', 0, 4) !== MAGIC)
    return 'it is not a qcow2'
  if (bytes.readUInt32BE(4) !== 3) return 'it is not a qcow2 of version 3 (compat 1.1)'
  if (bytes.readBigUInt64BE(8) !== 0n || bytes.readUInt32BE(16) !== 0)
    return 'it names a backing file; export the snapshot as one file'
  const clusterBits = bytes.readUInt32BE(20)
  if (clusterBits < CLUSTER_BITS.least || clusterBits > CLUSTER_BITS.most)
    return 'its header is damaged'
  const size = bytes.readBigUInt64BE(24)
  if (size !== BigInt(virtualSizeBytes))
    return `it is a disk of ${size} bytes and the manifest says ${virtualSizeBytes}`
  if (bytes.readUInt32BE(32) !== 0) return 'it is encrypted'
  if (bytes.readUInt32BE(60) !== 0) return 'it holds snapshots of its own; remove them'
  // Among others: a file that was not closed, or is damaged, and data in another file.
  if ((bytes.readBigUInt64BE(72) & ~FEATURE_COMPRESSION_TYPE) !== 0n)
    return 'it uses features of qcow2 that are not taken in, such as data in another file'
  return problemOfExtensions(bytes, bytes.readUInt32BE(100))
}

function problemOfExtensions(bytes: Buffer, headerBytes: number): string | null {
  let at = headerBytes
  for (let count = 0; count < MOST_EXTENSIONS; count++) {
    if (at + 8 > bytes.length) break
    const [type, length] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)]
    if (type === EXTENSION_END) return null
    if (type === EXTENSION_BACKING_FORMAT) return 'it names the format of a backing file'
    if (type !== EXTENSION_FEATURE_NAMES)
      return 'its header has extensions that are not taken in, such as bitmaps or encryption'
    at += 8 + Math.ceil(length / 8) * 8
  }
  return 'its header is damaged'
}
