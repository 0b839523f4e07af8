/** Finds room for a machine, and keeps it until the caller's transaction has written the row. */
import type { Config } from '../config.ts'
import type { Tx } from '../database/database.ts'
import { InsufficientCapacity } from '../errors.ts'
import { type Need, type Placed, place } from './capacity.ts'
import type { Regions } from './regions.ts'
import { allocations, lockRegion, publicAddressesTaken } from './store.ts'

export function createPlacement(deps: { regions: Regions; config: Config }) {
  const { regions } = deps
  const { vcpu_ratio, disk_ratio, disk_floor_gb } = deps.config.capacity
  const ratios = { vcpuRatio: vcpu_ratio, diskRatio: disk_ratio, diskFloorGb: disk_floor_gb }

  return {
    ratios,

    /** Answers the host. One at a time per region, so that two never get the same room. */
    async reserve(tx: Tx, region: string, need: Need): Promise<string> {
      const { hosts } = await regions.inventory(region)
      await lockRegion(tx, region)
      const placed = place(hosts, await allocations(tx, region), ratios, need)
      if ('missing' in placed)
        throw new InsufficientCapacity(shortage(region, need, placed.missing))
      return placed.host
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

    /** A snapshot makes a running disk grow beside its frozen past: there must be really free space. */
    async requireDiskRoom(region: string, machinesHost: string): Promise<void> {
      const { hosts } = await regions.inventory(region)
      const host = hosts.find((each) => each.name === machinesHost)
      // One that is away cannot tell; the engine will.
      if (host === undefined || host.diskFreeGb >= disk_floor_gb) return
      throw new InsufficientCapacity(
        `The disk of ${region} is nearly full; delete snapshots, images or instances there first`,
      )
    },
  }
}

export type Placement = ReturnType<typeof createPlacement>

function shortage(
  region: string,
  need: Need,
  missing: Extract<Placed, { missing: unknown }>['missing'],
) {
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
  const hint =
    need.gpu === null
      ? 'a smaller flavor, another region'
      : 'fewer GPUs, another model, another region'
  return `${region} has no room for ${what.join(' and ')}; try ${hint}, or again later`
}
