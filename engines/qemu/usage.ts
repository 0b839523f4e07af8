/**
 * What a machine has used, as far as the host can tell without asking anybody inside: the kernel counts
 * its virtual processors and its tap, QEMU its disks, and the balloon's driver in the guest tells about
 * memory, where there is one.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { EngineError, type MachineCounters } from '../engine.ts'
import type { Process } from './process/processes.ts'

/** How often the guest is to tell about its memory. */
const MEMORY_POLL_SECONDS = 20
/** Older news says nothing about now. */
const MEMORY_STALE_SECONDS = 5 * MEMORY_POLL_SECONDS
const BALLOON = '/machine/peripheral/balloon0'
/** The unit of times in /proc, on every Linux that there is. */
const TICKS_PER_SECOND = 100

/** Asks QEMU. */
type Query = (command: string, args?: object) => Promise<unknown>

const Cpus = z.array(z.object({ 'thread-id': z.int() }))
const BlockStats = z.array(
  z.object({
    qdev: z.string().optional(),
    stats: z.object({
      rd_bytes: z.number(),
      wr_bytes: z.number(),
      rd_operations: z.number(),
      wr_operations: z.number(),
    }),
  }),
)
const GuestStats = z.object({
  stats: z.record(z.string(), z.number()),
  /** Seconds since 1970; 0: never. */
  'last-update': z.number(),
})

/** QEMU forgets it with its process. A machine without the device is not asked. */
export async function pollMemory(query: Query): Promise<void> {
  await query('qom-set', {
    path: BALLOON,
    property: 'guest-stats-polling-interval',
    value: MEMORY_POLL_SECONDS,
  }).catch(() => {})
}

/** @param tap Its name, where it has one. Throws {@link EngineError}, also for a process that ends while it is looked at. */
export async function readUsage(
  query: Query,
  process: Process,
  tap: string | null,
): Promise<MachineCounters> {
  const looks = [
    cpuTime(query, process),
    diskUse(query),
    memoryUse(query),
    networkUse(process, tap),
  ] as const
  const [cpuSeconds, disks, memory, network] = await Promise.all(looks).catch((cause: unknown) => {
    if (cause instanceof EngineError) throw cause
    throw new EngineError('The machine cannot be measured right now', { retryable: true, cause })
  })
  return {
    epoch: `${process.pid}-${process.startTime}`,
    cpuSeconds,
    ...disks,
    ...memory,
    ...network,
    // A GPU that is passed through is out of the host's sight.
    gpuPercent: null,
    gpuMemoryUsedBytes: null,
  }
}

async function cpuTime(query: Query, { pid }: Process): Promise<number> {
  const cpus = Cpus.parse(await query('query-cpus-fast'))
  const ticks = await Promise.all(
    cpus.map(async (cpu) =>
      ticksOf(await readFile(`/proc/${pid}/task/${cpu['thread-id']}/stat`, 'utf8')),
    ),
  )
  return sum(ticks) / TICKS_PER_SECOND
}

/** @param stat As in `/proc/<pid>/stat`. User and system time, in clock ticks. */
export function ticksOf(stat: string): number {
  // The second field is the name in parentheses and may hold anything, so count from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function diskUse(query: Query) {
  const all = BlockStats.parse(await query('query-blockstats'))
  const disks = all.filter(({ qdev }) => qdev !== undefined && qdev !== '')
  const total = (name: keyof (typeof all)[number]['stats']) =>
    sum(disks.map(({ stats }) => stats[name]))
  return {
    diskReadBytes: total('rd_bytes'),
    diskWriteBytes: total('wr_bytes'),
    diskReadOps: total('rd_operations'),
    diskWriteOps: total('wr_operations'),
  }
}

async function memoryUse(query: Query) {
  const unknown = { memoryUsedBytes: null, memoryTotalBytes: null }
  try {
    const args = { path: BALLOON, property: 'guest-stats' }
    return memoryOf(await query('qom-get', args), Date.now() / 1000)
  } catch {
    return unknown
  }
}

/** @param now Seconds since 1970. */
export function memoryOf(
  answer: unknown,
  now: number,
): Pick<MachineCounters, 'memoryUsedBytes' | 'memoryTotalBytes'> {
  const { stats, 'last-update': updated } = GuestStats.parse(answer)
  const total = stated(stats['stat-total-memory'])
  const available = stated(stats['stat-available-memory'])
  if (total === null || available === null || now - updated > MEMORY_STALE_SECONDS)
    return { memoryUsedBytes: null, memoryTotalBytes: null }
  return { memoryUsedBytes: Math.max(0, total - available), memoryTotalBytes: total }
}

/** What a guest does not tell is -1, read as 64 bits without sign. */
function stated(value: number | undefined): number | null {
  return value === undefined || value < 0 || value > 2 ** 63 ? null : value
}

/** QEMU lives in its tenant's network namespace, and sees its tap there. */
async function networkUse({ pid }: Process, tap: string | null) {
  try {
    return trafficOf(await readFile(`/proc/${pid}/net/dev`, 'utf8'), tap)
  } catch {
    return { networkReceivedBytes: null, networkSentBytes: null }
  }
}

/** @param devices As in `/proc/net/dev`. What a tap sends is what its machine receives. */
export function trafficOf(
  devices: string,
  tap: string | null,
): Pick<MachineCounters, 'networkReceivedBytes' | 'networkSentBytes'> {
  const rows = devices.split('\n').map((line) => line.trim().split(/[:\s]+/))
  const found = rows.find(([name]) => name === tap)
  if (found === undefined) return { networkReceivedBytes: null, networkSentBytes: null }
  return { networkReceivedBytes: Number(found[9]), networkSentBytes: Number(found[1]) }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
