/**
 * How much is left on hosts, and where a machine fits. Plain functions of plain data: the inventory that
 * an engine reports, what the database has promised, and the operator's ratios.
 */
import { type Host, microvmMemoryShare } from '@garrison/engines/engine'

export type Need = {
  readonly vcpus: number
  readonly memoryMib: number
  readonly diskGb: number
  readonly gpu: { readonly model: string; readonly count: number } | null
}

/**
 * MiB that a microVM is promised: a part of its memory where it shares the rest with the memory of what it
 * begins from. Its processors give way to what else is on the host and are not counted.
 */
export const promisedMemoryMib = (memoryMib: number, shares: boolean): number =>
  shares ? Math.ceil(memoryMib * microvmMemoryShare) : memoryMib

/** What machines on one host have been promised. */
export type Allocation = {
  readonly host: string
  readonly vcpus: number
  readonly memoryMib: number
  readonly diskGb: number
  readonly gpus: Readonly<Record<string, number>>
}

/** What a machine with that need is promised on a host. */
export const allocationOf = (host: string, { gpu, ...need }: Need): Allocation => ({
  host,
  ...need,
  gpus: gpu === null ? {} : { [gpu.model]: gpu.count },
})

export type Ratios = {
  readonly vcpuRatio: number
  readonly diskRatio: number
  readonly diskFloorGb: number
}

type Shortage = 'vcpus' | 'memory' | 'disk' | 'gpus'

/** What a host can still promise. Negative where a host has shrunk below what it had promised. */
export type Free = {
  readonly host: string
  readonly vcpus: number
  readonly memoryMib: number
  readonly diskGb: number
  /** Whether a new disk may be begun at all: thin disks grow into what is really free. */
  readonly diskAboveFloor: boolean
  readonly gpus: Readonly<Record<string, number>>
}

/** `allocations`: of any hosts, and any number for each. */
export function free(host: Host, allocations: readonly Allocation[], ratios: Ratios): Free {
  const its = allocations.filter((each) => each.host === host.name)
  const sum = (part: (allocation: Allocation) => number | undefined) =>
    its.reduce((total, each) => total + (part(each) ?? 0), 0)
  return {
    host: host.name,
    vcpus: Math.floor(host.vcpus * ratios.vcpuRatio) - sum((each) => each.vcpus),
    memoryMib: host.memoryMib - sum((each) => each.memoryMib),
    diskGb: Math.floor(host.diskGb * ratios.diskRatio) - sum((each) => each.diskGb),
    diskAboveFloor: host.diskFreeGb >= ratios.diskFloorGb,
    gpus: Object.fromEntries(
      host.gpus.map(({ model, count }) => [model, count - sum((each) => each.gpus[model])]),
    ),
  }
}

function shortages(left: Free, need: Need): Shortage[] {
  const short: Shortage[] = []
  if (need.gpu !== null && (left.gpus[need.gpu.model] ?? 0) < need.gpu.count) short.push('gpus')
  if (left.vcpus < need.vcpus) short.push('vcpus')
  if (left.memoryMib < need.memoryMib) short.push('memory')
  if (left.diskGb < need.diskGb || !left.diskAboveFloor) short.push('disk')
  return short
}

export type Placed = { readonly host: string } | { readonly missing: readonly Shortage[] }

/**
 * The host on which the machine fits with the least left over, GPUs first, then memory, so that large
 * machines still find room. Otherwise what the nearest host lacks.
 */
export function place(
  hosts: readonly Host[],
  allocations: readonly Allocation[],
  ratios: Ratios,
  need: Need,
): Placed {
  const candidates = hosts.map((host) => free(host, allocations, ratios))
  const model = need.gpu?.model
  const tightestFirst = (a: Free, b: Free) =>
    (model === undefined
      ? totalGpus(a) - totalGpus(b)
      : (a.gpus[model] ?? 0) - (b.gpus[model] ?? 0)) || a.memoryMib - b.memoryMib
  const [best] = candidates.filter((each) => shortages(each, need).length === 0).sort(tightestFirst)
  if (best !== undefined) return { host: best.host }
  const [nearest = ['vcpus', 'memory', 'disk'] as const] = candidates
    .map((each) => shortages(each, need))
    .sort((a, b) => a.length - b.length)
  return { missing: nearest }
}

/**
 * The host that comes nearest to having room, among those that would have it if they were empty; null
 * when there is none. Where room for the machine is best kept.
 */
export function nearestToRoom(
  hosts: readonly Host[],
  allocations: readonly Allocation[],
  ratios: Ratios,
  need: Need,
): string | null {
  const candidates = hosts
    .filter((host) => couldEverFit(host, ratios, need))
    .map((host) => free(host, allocations, ratios))
  const gpus = (left: Free) => (need.gpu === null ? 0 : (left.gpus[need.gpu.model] ?? 0))
  const [nearest] = candidates.sort(
    (a, b) =>
      shortages(a, need).length - shortages(b, need).length ||
      gpus(b) - gpus(a) ||
      b.memoryMib - a.memoryMib,
  )
  return nearest?.host ?? null
}

/** With nothing on it, and its disk empty. */
export function couldEverFit(host: Host, ratios: Ratios, need: Need): boolean {
  const empty = { ...host, diskFreeGb: host.diskGb }
  return 'host' in place([empty], [], ratios, need)
}

/** How many such machines could be deployed one after another. */
export function deployable(
  hosts: readonly Host[],
  allocations: readonly Allocation[],
  ratios: Ratios,
  need: Need,
): number {
  const perHost = hosts.map((host) => {
    const left = free(host, allocations, ratios)
    if (!left.diskAboveFloor) return 0
    return Math.min(
      Math.floor(left.vcpus / need.vcpus),
      Math.floor(left.memoryMib / need.memoryMib),
      Math.floor(left.diskGb / need.diskGb),
      need.gpu === null
        ? Number.POSITIVE_INFINITY
        : Math.floor((left.gpus[need.gpu.model] ?? 0) / need.gpu.count),
    )
  })
  return perHost.reduce((sum, count) => sum + Math.max(0, count), 0)
}

const totalGpus = (left: Free) => Object.values(left.gpus).reduce((sum, count) => sum + count, 0)
