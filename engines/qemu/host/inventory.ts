/** What this host has to give to machines. */
import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism, hostname } from 'node:os'
import { EngineError, type HostGpus, type Inventory } from '../../engine.ts'
import { discoverGpus, type Gpu } from './gpus.ts'

/**
 * What the host keeps of its memory: 1 GiB for its system, the server, PostgreSQL and a page cache worth
 * the name, and a sixteenth of the rest, as every machine costs more than its own memory (its QEMU, page
 * tables, buffers). Never more than half.
 */
export function memoryForMachines(totalMib: number): number {
  const reserve = 1_024 + Math.max(0, totalMib - 1_024) / 16
  return Math.floor(totalMib - Math.min(reserve, totalMib / 2))
}

/** @param dataDir An existing folder on the file system that holds the machines' disks. */
export async function readInventory(dataDir: string): Promise<Pick<Inventory, 'hosts'>> {
  const [memoryMib, disk, gpus] = await Promise.all([
    readTotalMemory(),
    readDisk(dataDir),
    discoverGpus(),
  ])
  return {
    hosts: [
      {
        name: hostname(),
        vcpus: availableParallelism(),
        memoryMib: memoryForMachines(memoryMib),
        ...disk,
        gpus: countByModel(gpus),
      },
    ],
  }
}

/** Those that can be given to machines, of models that the catalog has a name for. */
export function countByModel(gpus: readonly Gpu[]): HostGpus[] {
  const counts = new Map<string, number>()
  for (const { model, obstacle } of gpus)
    if (model !== null && obstacle === null) counts.set(model, (counts.get(model) ?? 0) + 1)
  return [...counts].map(([model, count]) => ({ model, count }))
}

async function readTotalMemory(): Promise<number> {
  const kib = /^MemTotal:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]
  if (kib === undefined)
    throw new EngineError('/proc/meminfo does not say how much memory there is')
  return Math.floor(Number(kib) / 1_024)
}

/** What root may still write is not counted: a disk is full when everybody else finds it full. */
async function readDisk(folder: string): Promise<{ diskGb: number; diskFreeGb: number }> {
  const { bsize, blocks, bfree, bavail } = await statfs(folder)
  const gigabytes = (count: number) => Math.floor((count * bsize) / 1e7) / 100
  return { diskGb: gigabytes(blocks - (bfree - bavail)), diskFreeGb: gigabytes(bavail) }
}
