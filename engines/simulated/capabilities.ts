import type { Capabilities } from '../engine.ts'

export const NOTICE =
  'Machines of this region are simulated: nothing real runs and nobody can log in.'

/** All that a simulation can show; an engine may be told to say less. */
export const CAPABILITIES: Omit<Capabilities, 'simulated' | 'notices'> = {
  snapshot: true,
  memorySnapshot: true,
  rollback: true,
  hibernate: true,
  hotplug: true,
  coldplug: true,
  snapshotTransfer: true,
  firewall: true,
  atomicFirewall: true,
  firewallIpv6: true,
  publicAddress: true,
  publicAddressToggle: true,
  console: true,
  display: false,
  gpu: true,
  volumes: true,
  volumeResize: true,
  volumeClone: true,
  volumeBoot: true,
  diskSize: true,
  exec: false,
  metrics: true,
  cloudInit: true,
  startupScripts: true,
}
