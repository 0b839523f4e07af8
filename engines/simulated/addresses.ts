/**
 * Addresses out of 198.18.0.0/15: reserved for benchmarks (RFC 2544) and routed nowhere, so that
 * nobody who tries to reach a simulated machine ends up on somebody's real one. A /24 per tenant,
 * for as long as it has an address in it.
 */
import { type Address, CapacityError } from '../engine.ts'
import type { AddressRecord } from './state.ts'

const NETWORKS = 512
const FIRST_MACHINE = 2
const LAST_MACHINE = 254

/** Throws {@link CapacityError} when every network or every address of the tenant's is taken. */
export function freeAddress(tenant: string, taken: readonly AddressRecord[]): Address {
  const network = networkOf(tenant, taken)
  const hosts = new Set(
    taken.filter((record) => record.tenant === tenant).map((record) => record.address.ip),
  )
  for (let host = FIRST_MACHINE; host <= LAST_MACHINE; host++) {
    const ip = `${network}.${host}`
    if (hosts.has(ip)) continue
    return { ip, prefix: 24, gateway: `${network}.1`, mac: macOf(ip), ssh: { host: ip, port: 22 } }
  }
  throw new CapacityError(`The tenant's network ${network}.0/24 has no free address`)
}

/** The first three numbers of a tenant's network. */
function networkOf(tenant: string, taken: readonly AddressRecord[]): string {
  const own = taken.find((record) => record.tenant === tenant)
  if (own !== undefined) return firstThree(own.address.ip)
  const used = new Set(taken.map((record) => firstThree(record.address.ip)))
  for (let index = 0; index < NETWORKS; index++) {
    const network = `198.${18 + Math.floor(index / 256)}.${index % 256}`
    if (!used.has(network)) return network
  }
  throw new CapacityError(`All ${NETWORKS} simulated networks are in use`)
}

function firstThree(ip: string): string {
  return ip.slice(0, ip.lastIndexOf('.'))
}

/** Locally administered, and as unique as the address. */
function macOf(ip: string): string {
  return ['02', '00', ...ip.split('.').map((part) => hexByte(Number(part)))].join(':')
}

function hexByte(value: number): string {
  return value.toString(16).padStart(2, '0')
}
