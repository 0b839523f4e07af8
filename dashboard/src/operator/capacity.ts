/** What all hosts have together, and which GPUs are where: sums over what the API says of each. */
import type { Answer } from '../api/client.ts'

export type Host = Answer<'get', '/api/operator/hosts/'>['hosts'][number]
export type Amounts = { readonly total: number; readonly promised: number; readonly free: number }

const none: Amounts = { total: 0, promised: 0, free: 0 }
const plus = (one: Amounts, other: Amounts): Amounts => ({
  total: one.total + other.total,
  promised: one.promised + other.promised,
  free: one.free + other.free,
})

/** A host that is drained or does not answer takes nothing, so that what is free there is nobody's. */
const takesMachines = ({ present, drained }: Host) => present && drained === null
const usable = (host: Host, amounts: Amounts): Amounts => ({
  ...amounts,
  free: takesMachines(host) ? Math.max(0, amounts.free) : 0,
})

export function sumOf(hosts: readonly Host[]) {
  const over = (of: (host: Host) => Amounts) =>
    hosts.reduce((sum, host) => plus(sum, usable(host, of(host))), none)
  return {
    vcpus: over(({ capacity }) => capacity.vcpus),
    memory: over(({ capacity }) => capacity.memory_gb),
    disk: over(({ capacity }) => capacity.disk_gb),
    gpus: over(({ capacity }) => capacity.gpus.reduce(plus, none)),
  }
}

export type GpuStock = Amounts & {
  readonly model: string
  readonly region: string
  readonly hosts: number
}

/** By model and region, the scarcest first. */
export function gpuStock(hosts: readonly Host[]): readonly GpuStock[] {
  const stock = new Map<string, GpuStock>()
  for (const host of hosts) {
    for (const { model, ...amounts } of host.capacity.gpus) {
      const key = `${model} ${host.region}`
      const before = stock.get(key) ?? { ...none, model, region: host.region, hosts: 0 }
      stock.set(key, {
        ...before,
        ...plus(before, usable(host, amounts)),
        hosts: before.hosts + 1,
      })
    }
  }
  return [...stock.values()].sort(
    (a, b) => a.free - b.free || a.model.localeCompare(b.model) || a.region.localeCompare(b.region),
  )
}

export const hostState = ({ present, drained }: Host) => {
  if (!present) return 'missing'
  return drained === null ? 'active' : 'drained'
}

/** How many machines are on a host, whatever their state. */
export const machinesOn = ({ machines }: Host) =>
  Object.values(machines).reduce<number>((sum, count) => sum + (count ?? 0), 0)
