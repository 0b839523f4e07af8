/** Whether another microVM would bring the host to a standstill. */
import { readFile } from 'node:fs/promises'
import { CapacityError, microvmMemoryShare } from '../../engine.ts'

/** What is kept for the host. */
const KEPT_MIB = 512

/** Throws {@link CapacityError}. @param memoryMib Of all that are being started. */
export async function requireMemory(memoryMib: number): Promise<void> {
  const free = availableMib(await readFile('/proc/meminfo', 'utf8'))
  if (free >= memoryMib * microvmMemoryShare + KEPT_MIB) return
  throw new CapacityError(
    `The host has ${free} MiB of memory left, too little for another microVM; end or suspend some`,
  )
}

/** From `/proc/meminfo`. */
export function availableMib(meminfo: string): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo)?.[1]
  return Math.floor(Number(kib ?? 0) / 1024)
}
