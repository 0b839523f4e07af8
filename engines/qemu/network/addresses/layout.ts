/**
 * What everything is called and which address it has; all of it follows from the installation's mark
 * and its /16, the number of a tenant's network and the number of a machine in it.
 *
 *     10.160.0.0/16    the installation
 *     10.160.3.0/24    network 3: a tenant
 *     10.160.3.1       its gateway, in its network namespace
 *     10.160.3.2-254   machines
 *     10.160.240.1-    microVMs, one network namespace each
 *     10.160.255.1     the host, as machines see it
 *     10.160.255.2-254 public addresses, unless there are pools of the operator's
 */
import type { AddressRange } from '../../../address-pools.ts'
import type { Address } from '../../../engine.ts'
import { toText } from '../../../ipv4.ts'
import { type Ipv6Network, ipv6NetworkOf } from './ipv6.ts'
import { type Cidr, formatCidr } from './subnets.ts'

/** Networks are numbered from 0; the last /24 is the host's, those before are for microVMs. */
export const NETWORKS = 240
export const FIRST_MICROVM_NETWORK = 240
export const MICROVM_NETWORKS = 15
export const FIRST_MACHINE = 2
export const MACHINES = 253

/** Inside a network namespace there is nobody else, so these need no mark. */
export const BRIDGE = 'br0'
export const UPLINK = 'up0'

/** A tenant's network. */
export type Network = {
  readonly number: number
  readonly netns: string
  /** The host's end of the veth pair; the other is {@link UPLINK}. */
  readonly hostLink: string
  readonly subnet: string
  readonly gateway: string
  /** The host's own address. */
  readonly host: string
  /** The whole installation's /16. */
  readonly installation: string
  /** What of it are public addresses; see {@link hostOnlyPool}. */
  readonly hostOnlyPool: string
  readonly ipv6: Ipv6Network
  /** Of the DHCP server. */
  readonly runFolder: string
}

/** Links may have 15 characters: `g`, a mark of up to 8, `-`, a number of up to 3. */
export function linkPrefix(mark: string): string {
  return `g${mark}-`
}

export function netnsPrefix(mark: string): string {
  return `garrison-${mark}-`
}

/** Not in DATA: a DHCP server without privileges reads it, and nothing of it outlives a reboot. */
export function runFolder(mark: string): string {
  return `/run/garrison-${mark}-networks`
}

/** Name of the nftables table on the host. */
export function tableOf(mark: string): string {
  return `garrison_${mark}`
}

export function networkOf(mark: string, installation: Cidr, number: number): Network {
  const first = installation.first + number * 256
  return {
    number,
    netns: `${netnsPrefix(mark)}${number}`,
    hostLink: `${linkPrefix(mark)}${number}`,
    subnet: formatCidr({ first, prefix: 24 }),
    gateway: toText(first + 1),
    host: hostAddress(installation),
    installation: formatCidr(installation),
    hostOnlyPool: formatRange(hostOnlyPool(installation)),
    ipv6: ipv6NetworkOf(mark, number),
    runFolder: `${runFolder(mark)}/${number}`,
  }
}

export function hostAddress(installation: Cidr): string {
  return toText(installation.first + 255 * 256 + 1)
}

/** Free on the host like the whole /16, so that public addresses work anywhere; nobody else finds them. */
export function hostOnlyPool(installation: Cidr): AddressRange {
  const first = installation.first + 255 * 256
  return { first: toText(first + 2), last: toText(first + 254) }
}

/** @param machine Number within the network: 2 to 254. */
export function addressOf(network: Network, machine: number): Address {
  const ip = network.gateway.replace(/\d+$/, String(machine))
  return {
    ip,
    prefix: 24,
    gateway: network.gateway,
    mac: macOf(ip),
    ssh: { host: ip, port: 22 },
  }
}

export function formatRange({ first, last }: AddressRange): string {
  return `${first}-${last}`
}

export function tapOf(machine: number): string {
  return `tap${machine}`
}

/**
 * Made from the address, so that whoever gets an address later has its MAC too: a DHCP server that
 * still remembers the lease then gives it out again, and no ARP cache is ever wrong.
 */
export function macOf(ip: string): string {
  const bytes = ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  return ['52', '54', ...bytes].join(':')
}
