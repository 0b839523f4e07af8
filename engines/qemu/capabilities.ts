import type { Capabilities } from '../engine.ts'
import { hasIpv6 } from './network/addresses/ipv6.ts'

/** What machines of a host that has QEMU can do, whatever else it has. */
export const CAPABILITIES: Omit<Capabilities, 'notices'> = {
  snapshot: true,
  memorySnapshot: true,
  rollback: true,
  hibernate: true,
  hotplug: true,
  coldplug: true,
  snapshotTransfer: true,
  firewall: true,
  atomicFirewall: true,
  firewallIpv6: hasIpv6,
  publicAddress: true,
  publicAddressToggle: true,
  console: true,
  display: true,
  gpu: false,
  volumes: true,
  volumeResize: true,
  volumeClone: true,
  volumeBoot: true,
  diskSize: true,
  exec: false,
  metrics: true,
  cloudInit: true,
  startupScripts: true,
  simulated: false,
}
