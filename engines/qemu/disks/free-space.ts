import { statfs } from 'node:fs/promises'
import { CapacityError } from '../../engine.ts'

/** Disks are thin: what runs now needs some room to grow before somebody can make more. */
export const FLOOR_BYTES = 1e9

/** Throws {@link CapacityError} when the store is nearly full, or would be with `bytes` more. */
export async function requireFreeSpace(folder: string, bytes = 0): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= FLOOR_BYTES + bytes) return
  const need = bytes === 0 ? '' : `, ${gb(bytes)} GB are needed`
  throw new CapacityError(
    `The disk of this host is nearly full: ${gb(free)} GB are free${need} and ${FLOOR_BYTES / 1e9} GB must stay free; delete machines, snapshots or images`,
    { retryable: true },
  )
}

const gb = (bytes: number) => (bytes / 1e9).toFixed(2)
