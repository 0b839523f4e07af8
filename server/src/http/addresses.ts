/** From where somebody comes: for the audit log, and for limits on whoever is not known yet. */
import ipaddr from 'ipaddr.js'

/**
 * The other end of the connection; where that is a proxy that the operator trusts, whom it names in
 * `X-Forwarded-For`. Read from its end, since its beginning is whatever the client wrote. `trusted`:
 * addresses and CIDRs.
 */
export function clientAddress(
  connection: string | null,
  forwardedFor: string | undefined,
  trusted: readonly string[],
): string | null {
  const named = forwardedFor?.split(',').map((part) => part.trim()) ?? []
  let address = connection
  while (address !== null && isIn(trusted, address)) {
    const before = named.pop()
    if (before === undefined || !ipaddr.isValid(before)) break
    address = before
  }
  return address
}

/** Whom a limit counts: with IPv6 everybody has a network of their own to come from. */
export function networkOf(address: string | null): string {
  if (address === null || !ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6
    ? `${parsed.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')}::/64`
    : parsed.toString()
}

export const isTrusted = (address: string | null, trusted: readonly string[]) =>
  address !== null && isIn(trusted, address)

export const isLoopback = (address: string | null) =>
  address !== null && isIn(['127.0.0.0/8', '::1'], address)

function isIn(networks: readonly string[], text: string) {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  const bits = address.kind() === 'ipv4' ? 32 : 128
  return networks.some((each) => {
    const [network, length] = each.includes('/')
      ? ipaddr.parseCIDR(each)
      : ([ipaddr.parse(each), bits] as const)
    if (network.kind() !== address.kind()) return false
    return address.match(network as typeof address & ipaddr.IPv4 & ipaddr.IPv6, length)
  })
}
