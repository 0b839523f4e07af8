/** Arithmetic on IPv4 networks, and the choice of one that nobody on the host uses. */
import { createHash } from 'node:crypto'
import { isIPv4 } from 'node:net'
import { toNumber, toText } from '../../../ipv4.ts'

/** A network: its first address as a number, and its bits. */
export type Cidr = { readonly first: number; readonly prefix: number }

/** `10.0.0.0/8`, or a single address. `null` when it is neither. Bits beyond the prefix are cleared. */
export function parseCidr(text: string): Cidr | null {
  const [address = '', bits = '32', ...rest] = text.split('/')
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32 || rest.length > 0)
    return null
  const prefix = Number(bits)
  const size = 2 ** (32 - prefix)
  return { first: Math.floor(toNumber(address) / size) * size, prefix }
}

export function formatCidr({ first, prefix }: Cidr): string {
  return `${toText(first)}/${prefix}`
}

export function overlap(one: Cidr, other: Cidr): boolean {
  const wider = one.prefix < other.prefix ? one : other
  const narrower = wider === one ? other : one
  return narrower.first >= wider.first && narrower.first < wider.first + 2 ** (32 - wider.prefix)
}

/**
 * A /16 that overlaps nothing taken, or `null`. Where to begin depends on the mark, so that two
 * installations that cannot see one another, on two hosts of one LAN for instance, rarely meet.
 *
 * The middle of 10.0.0.0/8 comes first: its ends are where LANs, VPNs and clusters settle by default.
 * 172.16.0.0/12 is for hosts that route all of 10.0.0.0/8 elsewhere.
 */
export function chooseSubnet(mark: string, taken: readonly Cidr[]): Cidr | null {
  const start = createHash('sha256').update(mark).digest().readUInt32BE(0)
  const candidates = [
    ...rotated(range(160, 224), start).map((second) => `10.${second}.0.0/16`),
    ...rotated([...range(0, 160), ...range(224, 256)], start).map(
      (second) => `10.${second}.0.0/16`,
    ),
    ...rotated(range(16, 32), start).map((second) => `172.${second}.0.0/16`),
  ]
  for (const candidate of candidates) {
    const subnet = parseCidr(candidate)
    if (subnet !== null && !taken.some((other) => overlap(subnet, other))) return subnet
  }
  return null
}

/** The number after `last` that is not taken, going round, so that each rests for as long as possible. */
export function nextFree(
  last: number,
  taken: ReadonlySet<number>,
  first: number,
  count: number,
): number | null {
  for (let step = 1; step <= count; step++) {
    const candidate = first + ((last - first + step) % count)
    if (!taken.has(candidate)) return candidate
  }
  return null
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

function rotated<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}
