import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from './clock.ts'
import { loadConfig } from './config.ts'
import { createEngines } from './engines.ts'

const dataDir = join(tmpdir(), `garrison-engines-${process.pid}`)
let engines: ReturnType<typeof createEngines>

beforeAll(() => {
  const config = loadConfig({ env: {}, dataDir, demo: true })
  engines = createEngines({ config, clock: systemClock, log: () => {}, installationId: 'test' })
})
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const capabilities = (region: string) => engines.get(region)?.capabilities()

describe('a demonstration region', () => {
  it('of tier legacy has snapshots, firewalls and cloud-init, but no startup scripts', () => {
    expect(capabilities('CANADA-1')).toMatchObject({
      snapshot: true,
      hibernate: true,
      firewall: true,
      publicAddressToggle: true,
      cloudInit: true,
      startupScripts: false,
    })
  })

  it('of tier advanced has startup scripts and nothing else of these', () => {
    expect(capabilities('FIN-01')).toMatchObject({
      ...{ cloudInit: false, startupScripts: true },
      snapshot: false,
      memorySnapshot: false,
      firewall: false,
      atomicFirewall: false,
      firewallIpv6: false,
      publicAddress: true,
      publicAddressToggle: false,
      gpu: true,
    })
  })

  it('has the volumes of its tier', () => {
    const legacy = { hotplug: true, coldplug: false, volumeBoot: true, diskSize: false }
    expect(capabilities('CANADA-1')).toMatchObject({
      ...legacy,
      ...{ volumes: true, volumeClone: false, volumeResize: false },
    })
    const advanced = { hotplug: false, coldplug: true, volumeBoot: false, diskSize: true }
    expect(capabilities('FIN-01')).toMatchObject({
      ...advanced,
      ...{ volumes: true, volumeClone: true, volumeResize: true },
    })
  })
})
