/** Makes the engine of each region, as configured. */
import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Capabilities, Engine } from '@garrison/engines/engine'
import { QemuEngine } from '@garrison/engines/qemu/engine'
import { SimulatedEngine } from '@garrison/engines/simulated/engine'
import { publishedHosts } from '@garrison/engines/simulated/regions'
import { inFile } from '@garrison/engines/simulated/state'
import { ImageStore } from '@garrison/guest/image-store'
import { MicrovmKits } from '@garrison/guest/microvm/kit'
import type { Clock } from './clock.ts'
import { rangesOf } from './config/address-pools.ts'
import { firstImage } from './config/defaults.ts'
import type { Config } from './config.ts'
import type { Log } from './log.ts'

export type EngineDeps = {
  config: Config
  clock: Clock
  log: Log
  installationId: string
}

export function createEngines(deps: EngineDeps): Map<string, Engine> {
  return new Map(
    deps.config.regions.map((region) => {
      switch (region.engine) {
        case 'qemu':
          return [region.name, qemu(region, deps)]
        case 'simulated':
          return [region.name, simulated(region, deps)]
      }
    }),
  )
}

/** Every host-wide name carries this, so that two installations on a host do not meet. */
export const installationMark = (installationId: string) =>
  createHash('sha256').update(installationId).digest('hex').slice(0, 6)

type Region = Config['regions'][number]

function qemu(region: Region, { config, log, installationId }: EngineDeps): Engine {
  const cache = { cacheDir: imageCacheDir(), report: (line: string) => log('info', line) }
  const images = new ImageStore(cache)
  // Now rather than at the first deployment; /readyz tells when it is there. Others are built on first use.
  images
    .ensure(firstImage)
    .catch((error: unknown) => log('error', `cannot build ${firstImage}`, { error }))
  return new QemuEngine({
    dataDir: config.dataDir,
    mark: installationMark(installationId),
    osImages: images,
    microvmKits: new MicrovmKits(cache),
    imageRegistries: config.microvms.registries.map(({ name, username, password, insecure }) => ({
      ...{ name, insecure },
      credentials: username === null ? null : `${username}:${password}`,
    })),
    addressPools: rangesOf(region.address_pools),
    log,
  })
}

/** Shared by all data folders of a user; what is in use is copied out of it. */
function imageCacheDir(env = process.env) {
  if (process.getuid?.() === 0) return '/var/cache/garrison/images'
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'garrison/images')
}

/** What the published API does not offer there; the service refuses it with the reason. */
const missingIn: Record<Region['tier'], Partial<Capabilities>> = {
  legacy: {
    startupScripts: false,
    coldplug: false,
    volumeClone: false,
    volumeResize: false,
    diskSize: false,
  },
  advanced: {
    cloudInit: false,
    hotplug: false,
    volumeBoot: false,
    snapshot: false,
    memorySnapshot: false,
    rollback: false,
    snapshotTransfer: false,
    firewall: false,
    atomicFirewall: false,
    firewallIpv6: false,
    publicAddressToggle: false,
  },
}

function simulated(region: Region, { config, clock }: EngineDeps): Engine {
  return new SimulatedEngine({
    hosts: publishedHosts(region.name),
    osImages: config.os_images
      .filter((image) => region.os_images.includes(image.name))
      .map(({ name, min_disk_gb }) => ({ name, minDiskGb: min_disk_gb })),
    clock,
    ...(region.address_pools.length > 0 && { addressPools: rangesOf(region.address_pools) }),
    capabilities: missingIn[region.tier],
    state: inFile(join(config.dataDir, 'simulated', `${region.name}.json`)),
  })
}
