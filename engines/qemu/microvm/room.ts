/** Whether another microVM would bring the host to a standstill. */
import { readFile } from 'node:fs/promises'
import { CapacityError, microvmMemoryShare } from '../../engine.ts'

/** What is kept for the host. */
const KEPT_MIB = 1024

/**
 * Throws {@link CapacityError}.
 * @param sharingMib Of all that are being started from memory.
 * @param bootingMib Of one that boots: it soon has all of its memory for itself.
 */
export async function requireMemory(sharingMib: number, bootingMib = 0): Promise<void> {
  const free = availableMib(await readFile('/proc/meminfo', 'utf8'))
  if (free >= sharingMib * microvmMemoryShare + bootingMib + KEPT_MIB) return
  throw new CapacityError(
    `The host has ${free} MiB of memory left, too little for another microVM; end or suspend some`,
  )
}

/** From `/proc/meminfo`. */
export function availableMib(meminfo: string): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  return Math.floor(Number(kib ?? 0) / 1024)
}
