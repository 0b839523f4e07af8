import { statfs } from 'node:fs/promises'
import { CapacityError } from '../../engine.ts'

/** Disks are thin: what runs now needs some room to grow before somebody can make more. */
const FLOOR_BYTES = 1e9

/** Throws {@link CapacityError} when the store is nearly full. */
export async function requireFreeSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= FLOOR_BYTES) return
  throw new CapacityError(
    `The disk of this host is nearly full: ${(free / 1e9).toFixed(2)} GB are free and ${FLOOR_BYTES / 1e9} GB must stay free; delete machines, snapshots or images`,
    { retryable: true },
  )
}
