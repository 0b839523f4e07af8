/**
 * IPv6 addresses of machines. They follow from the installation's mark and from what machines have already:
 *
 *     fdxx:xxxx:xxxx::/48       the installation: unique local addresses (RFC 4193)
 *     fdxx:xxxx:xxxx:3::/64     network 3: a tenant
 *     fdxx:xxxx:xxxx:3::1       its gateway
 *     fdxx:xxxx:xxxx:ff::1      the host, as machines see it
 *
 * A machine makes its own address of the prefix that its gateway advertises and of its MAC (RFC 4291). So
 * nothing has to be remembered, and no other address of the /64 is anybody's.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { isIPv6 } from 'node:net'

export type Ipv6Network = {
  readonly subnet: string
  /** First address of {@link subnet}, which is nobody's. */
  readonly prefix: string
  readonly gateway: string
  /** The host's own address. */
  readonly host: string
  /** The whole installation's /48. */
  readonly installation: string
}

/** Some hosts are started without it, and their kernels speak none anywhere. */
export const hasIpv6 = existsSync('/proc/sys/net/ipv6')

/** Of the two ends of the link between host and network, to reach one another by. */
export const GATEWAY_LINK_LOCAL = 'fe80::1'
export const HOST_LINK_LOCAL = 'fe80::2'

const HOST_NETWORK = 'ff'

export function ipv6NetworkOf(mark: string, number: number): Ipv6Network {
  const site = siteOf(mark)
  const net = `${site}:${number.toString(16)}`
  return {
    subnet: `${net}::/64`,
    prefix: `${net}::`,
    gateway: `${net}::1`,
    host: `${site}:${HOST_NETWORK}::1`,
    installation: `${site}::/48`,
  }
}

/** What a machine calls itself on the bridge, and everywhere else. */
export function ipv6AddressesOf(
  { prefix }: Ipv6Network,
  mac: string,
): { link: string; ip: string } {
  const suffix = interfaceId(mac)
  return { link: `fe80::${suffix}`, ip: `${prefix.slice(0, -1)}${suffix}` }
}

/** `null` for what is no IPv6 network; without a prefix it is one address. */
export function parseIpv6Network(text: string): { address: string; prefix: number } | null {
  const [address = '', bits = '128', ...rest] = text.split('/')
  // A zone, such as that of `fe80::1%eth0`, is somebody else's business.
  if (!isIPv6(address) || address.includes('%') || rest.length > 0) return null
  return /^\d{1,3}$/.test(bits) && Number(bits) <= 128 ? { address, prefix: Number(bits) } : null
}

/** 128 bits as nft takes a number. */
export function asNumber(address: string): string {
  const [head = '', tail = ''] = address.split('::')
  const groups = (half: string) => half.split(':').filter((group) => group !== '')
  const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill('0')
  const all = [...groups(head), ...zeros, ...groups(tail)]
  return `0x${all.map((group) => group.padStart(4, '0')).join('')}`
}

/** Forty bits that two installations are most unlikely to share, as long as their marks differ. */
function siteOf(mark: string): string {
  const bits = createHash('sha256').update(`ipv6 ${mark}`).digest('hex').slice(0, 10)
  const groups = [`fd${bits.slice(0, 2)}`, bits.slice(2, 6), bits.slice(6, 10)]
  return groups.map(withoutZeros).join(':')
}

function interfaceId(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac
    .split(':')
    .map((byte) => Number.parseInt(byte, 16))
  // The bit that says "locally administered" is the other way round here.
  const bytes = [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
  return [0, 2, 4, 6]
    .map((at) => ((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)).toString(16))
    .join(':')
}

const withoutZeros = (group: string) => Number.parseInt(group, 16).toString(16)
