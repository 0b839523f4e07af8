/** Finds room for a machine, and keeps it until the caller's transaction has written the row. */
import type { Host } from '@garrison/engines/engine'
import type { Config } from '../config.ts'
import type { Database, Tx } from '../database/database.ts'
import { InsufficientCapacity } from '../errors.ts'
import {
  type Allocation,
  couldEverFit,
  type Need,
  nearestToRoom,
  type Placed,
  place,
} from './capacity.ts'
import type { Regions } from './regions.ts'
import { allocations, drainedHosts, keptRoom, lockRegion, publicAddressesTaken } from './store.ts'

type Search = {
  readonly hosts: readonly Host[]
  readonly need: Need
  /** What is on a drained host already may grow there. */
  readonly evenDrained?: boolean
  /** What of a promise counts. */
  readonly of?: (allocation: Allocation) => Allocation
}

export function createPlacement(deps: { regions: Regions; config: Config }) {
  const { regions } = deps
  const { vcpu_ratio, disk_ratio, disk_floor_gb } = deps.config.capacity
  const ratios = { vcpuRatio: vcpu_ratio, diskRatio: disk_ratio, diskFloorGb: disk_floor_gb }

  /** Throws what `lacking` makes of the shortage, unless it is only that room is kept for others. */
  async function placed(
    tx: Tx,
    region: string,
    { hosts, need, evenDrained = false, of = (each) => each }: Search,
    lacking: (missing: Missing) => string,
  ): Promise<string> {
    await lockRegion(tx, region)
    const [allocated, kept] = await Promise.all([allocations(tx, region), keptRoom(tx, region)])
    const drained = await drainedHosts(tx, region)
    const open = evenDrained ? hosts : hosts.filter(({ name }) => !drained.has(name))
    const promised = [...allocated, ...kept].map(of)
    const found = place(open, promised, ratios, need)
    if ('host' in found) return found.host
    if (open.length < hosts.length && 'host' in place(hosts, promised, ratios, need)) {
      throw new InsufficientCapacity(takesNothing(region))
    }
    if (kept.length > 0 && 'host' in place(open, allocated.map(of), ratios, need)) {
      throw new InsufficientCapacity(
        `${region} keeps its room for deployments that have waited longer; try again later, or another region, or deploy with wait_until to wait behind them`,
      )
    }
    throw new InsufficientCapacity(lacking(found.missing))
  }

  return {
    ratios,

    /** To machines, volumes, and deployments that room is kept for. */
    promised: async (db: Database | Tx, region: string) => [
      ...(await allocations(db, region)),
      ...(await keptRoom(db, region)),
    ],

    /** Nobody gets room there until the transaction ends. */
    lock: (tx: Tx, region: string) => lockRegion(tx, region),

    /** Answers the host. One at a time per region, so that two never get the same room. */
    async reserve(tx: Tx, region: string, need: Need): Promise<string> {
      const { hosts } = await regions.inventory(region)
      return placed(tx, region, { hosts, need }, (missing) => shortage(region, need, missing))
    },

    /** For a microVM that is promised so much memory; on its host, where it has one. */
    async reserveMicrovm(tx: Tx, region: string, memoryMib: number, onHost?: string) {
      const need = { vcpus: 0, memoryMib, diskGb: 0, gpu: null }
      const { hosts } = await regions.inventory(region)
      const candidates = hosts.filter(({ name }) => onHost === undefined || name === onHost)
      return placed(
        tx,
        region,
        { hosts: candidates, need },
        () => `${region} has no room for another VM; end or suspend some, or try again later`,
      )
    },

    /** For a deploy request, and without promising anything. */
    async hasRoom(tx: Tx, region: string, need: Need, deployRequestId: string): Promise<boolean> {
      const { hosts } = await regions.inventory(region)
      const kept = await keptRoom(tx, region, deployRequestId)
      const drained = await drainedHosts(tx, region)
      const open = hosts.filter(({ name }) => !drained.has(name))
      return 'host' in place(open, [...(await allocations(tx, region)), ...kept], ratios, need)
    },

    /** Some host there would have room for it, if it were empty. */
    async couldEverFit(region: string, need: Need): Promise<boolean> {
      const { hosts } = await regions.inventory(region)
      return hosts.some((host) => couldEverFit(host, ratios, need))
    },

    /** Where room for it is best kept, other than on `taken` hosts; null where none would ever do. */
    async hostToKeep(tx: Tx, region: string, need: Need, taken: readonly string[]) {
      const { hosts } = await regions.inventory(region)
      const drained = await drainedHosts(tx, region)
      const others = hosts.filter(({ name }) => !taken.includes(name) && !drained.has(name))
      return nearestToRoom(others, await allocations(tx, region), ratios, need)
    },

    /** One is left, and stays so until the caller's transaction has written who it is for. */
    async reservePublicAddress(tx: Tx, region: string): Promise<void> {
      const { publicAddresses } = await regions.inventory(region)
      await lockRegion(tx, region)
      if ((await publicAddressesTaken(tx, region)) < publicAddresses) return
      throw new InsufficientCapacity(
        `All ${publicAddresses} public IPs of ${region} are taken; do without, free one of yours, or try again later`,
      )
    },

    /** For `moreBytes` of files, wherever in the region. */
    async requireAnyDiskRoom(region: string, moreBytes = 0): Promise<void> {
      const { hosts } = await regions.inventory(region)
      const needGb = disk_floor_gb + moreBytes / 1e9
      if (hosts.length === 0 || hosts.some((host) => host.diskFreeGb >= needGb)) return
      const need = moreBytes === 0 ? '' : ` for ${Math.ceil(moreBytes / 1e8) / 10} GB more`
      throw new InsufficientCapacity(
        `The disk of ${region} has no room${need}; delete snapshots, images or instances there first`,
      )
    },

    /** For a machine that has its room and is to run again; no host is drained until the transaction ends. */
    async requireOpen(tx: Tx, { region, host }: { region: string; host: string }) {
      await lockRegion(tx, region)
      if ((await drainedHosts(tx, region)).has(host)) {
        throw new InsufficientCapacity(
          `The host of this machine in ${region} is being emptied, so nothing is started there; try again later`,
        )
      }
    },

    /** For a machine whose disk is on its host already; kept until the transaction has written the row. */
    async requireRoomOn(
      tx: Tx,
      machine: {
        region: string
        host: string
        vcpus: number
        memory_mib: number
        gpu_model: string | null
        gpu_count: number
      },
    ): Promise<void> {
      const { region, host, vcpus, gpu_model } = machine
      const gpu = gpu_model === null ? null : { model: gpu_model, count: machine.gpu_count }
      const need = { vcpus, memoryMib: machine.memory_mib, diskGb: 0, gpu }
      const { hosts } = await regions.inventory(region)
      const its = hosts
        .filter((each) => each.name === host)
        // It asks for no more disk than it has.
        .map((each) => ({ ...each, diskFreeGb: Number.POSITIVE_INFINITY }))
      const of = (each: Allocation) => ({ ...each, diskGb: 0 })
      await placed(
        tx,
        region,
        { hosts: its, need, of },
        (missing) => `${lack(region, need, missing)}; it stays hibernated, try again later`,
      )
    },

    /** For a volume of so many GB, or for one to grow by so many on its host. Answers the host. */
    async reserveDisk(tx: Tx, region: string, diskGb: number, onHost?: string): Promise<string> {
      const { hosts } = await regions.inventory(region)
      const candidates = hosts.filter(({ name }) => onHost === undefined || name === onHost)
      const need: Need = { vcpus: 0, memoryMib: 0, diskGb, gpu: null }
      // Only the disk counts; a host that has shrunk may have promised too much of the rest.
      const of = (each: Allocation) => ({ ...each, vcpus: 0, memoryMib: 0, gpus: {} })
      return placed(
        tx,
        region,
        { hosts: candidates, need, of, evenDrained: onHost !== undefined },
        () =>
          `${region} has no room for ${diskGb} GB more of disk; ask for less, delete what you no longer need, or try another region`,
      )
    },

    /**
     * A snapshot makes a running disk grow beside its frozen past, memory is kept beside it: there must be
     * really free space, and `moreGb` beyond that.
     */
    async requireDiskRoom(region: string, machinesHost: string, moreGb = 0): Promise<void> {
      const { hosts } = await regions.inventory(region)
      const host = hosts.find((each) => each.name === machinesHost)
      // One that is away cannot tell; the engine will.
      if (host === undefined || host.diskFreeGb >= disk_floor_gb + moreGb) return
      throw new InsufficientCapacity(
        `The disk of ${region} is nearly full; delete snapshots, images or instances there first`,
      )
    },
  }
}

export type Placement = ReturnType<typeof createPlacement>

/** All that would have room. */
const takesNothing = (region: string) =>
  `${region} takes nothing new for now: its hosts are being emptied. Try another region, or again later`

type Missing = Extract<Placed, { missing: unknown }>['missing']

function shortage(region: string, need: Need, missing: Missing) {
  const hint =
    need.gpu === null
      ? 'a smaller flavor, another region'
      : 'fewer GPUs, another model, another region'
  return `${lack(region, need, missing)}; try ${hint}, or again later`
}

function lack(region: string, need: Need, missing: Missing) {
  const what = missing.map((each) => {
    switch (each) {
      case 'gpus':
        return `${need.gpu?.count} x ${need.gpu?.model} on one host`
      case 'vcpus':
        return `${need.vcpus} vCPUs`
      case 'memory':
        return `${need.memoryMib / 1024} GB of memory`
      case 'disk':
        return `${need.diskGb} GB of disk`
    }
  })
  return `${region} has no room for ${what.join(' and ')}`
}
