/**
 * Networks as text. A rule is about a network, so bits beyond its prefix say nothing: they are cleared,
 * and two spellings of one network are one. An address without a prefix is refused rather than guessed at.
 */
import type { Family } from './protocols.ts'

export type ParsedCidr =
  /** In canonical form: `192.0.2.0/24`, `2001:db8::/32`. */
  | { readonly family: Family; readonly network: string }
  /** What is wrong with it, as a sentence for the user. */
  | { readonly problem: string }

const bitsOf = { IPv4: 32, IPv6: 128 } as const

export function parseCidr(text: string): ParsedCidr {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = address.includes(':') ? 'IPv6' : 'IPv4'
  const value = family === 'IPv4' ? valueOfIPv4(address) : valueOfIPv6(address)
  if (value === null || rest.length > 0) return { problem: notANetwork(address, family) }
  const bits = bitsOf[family]
  if (prefix === undefined) {
    return { problem: `Give a prefix length too; for this address alone, ${text}/${bits}.` }
  }
  if (!/^(0|[1-9][0-9]{0,2})$/.test(prefix) || Number(prefix) > bits) {
    return { problem: `The prefix length of an ${family} network is 0 to ${bits}.` }
  }
  const free = BigInt(bits - Number(prefix))
  const first = (value >> free) << free
  return {
    family,
    network: `${family === 'IPv4' ? textOfIPv4(first) : textOfIPv6(first)}/${prefix}`,
  }
}

function notANetwork(address: string, family: Family) {
  if (/^[0-9]+(\.[0-9]+){3}$/.test(address)) {
    return 'The parts of an IPv4 address are 0 to 255, without leading zeros.'
  }
  return family === 'IPv4'
    ? 'Give a network such as 203.0.113.0/24, 0.0.0.0/0 or 2001:db8::/32.'
    : 'Not an IPv6 network; an example is 2001:db8::/32.'
}

function valueOfIPv4(text: string): bigint | null {
  const parts = text.split('.')
  const sound = parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
  if (parts.length !== 4 || !sound) return null
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n)
}

const textOfIPv4 = (value: bigint) =>
  [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.')

function valueOfIPv6(text: string): bigint | null {
  const canonical = canonicalIPv6(text)
  if (canonical === null) return null
  const [head = [], tail = []] = canonical
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''))
  const zeros = Array<string>(8 - head.length - tail.length).fill('0')
  return [...head, ...zeros, ...tail].reduce(
    (value, group) => (value << 16n) | BigInt(`0x${group}`),
    0n,
  )
}

function textOfIPv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(16 * (7 - index))) & 0xffffn).toString(16),
  )
  return canonicalIPv6(groups.join(':')) ?? groups.join(':')
}

/** URLs have addresses written as RFC 5952 wants them. */
function canonicalIPv6(text: string): string | null {
  if (!/^[0-9a-f:.]+$/i.test(text)) return null
  const url = URL.parse(`http://[${text}]`)
  return url === null ? null : url.hostname.slice(1, -1)
}
