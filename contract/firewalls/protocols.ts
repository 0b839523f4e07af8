/**
 * The protocols that a rule can name, each with the families of addresses that it can travel in. Some
 * are extension headers of IPv6, or its ICMP, and mean nothing in IPv4.
 */
export const families = ['IPv4', 'IPv6'] as const
export type Family = (typeof families)[number]

type ProtocolFacts = {
  readonly description: string
  /** Both ports are required; others take none. */
  readonly ports?: true
  /** The only family it exists in. */
  readonly only?: Family
}

const facts = {
  any: { description: 'Every protocol' },
  ah: { description: 'IPsec Authentication Header' },
  dccp: { description: 'Datagram Congestion Control Protocol, on every port' },
  egp: { description: 'Exterior Gateway Protocol' },
  esp: { description: 'IPsec Encapsulating Security Payload' },
  gre: { description: 'Generic Routing Encapsulation' },
  hopopt: { description: 'IPv6 Hop-by-Hop Option' },
  icmp: { description: 'Internet Control Message Protocol: ping and errors', only: 'IPv4' },
  igmp: { description: 'Internet Group Management Protocol' },
  ip: { description: 'Every protocol; the same as any' },
  ipip: { description: 'IP in IP encapsulation' },
  'ipv6-encap': { description: 'IPv6 encapsulation' },
  'ipv6-frag': { description: 'Fragment Header of IPv6', only: 'IPv6' },
  'ipv6-icmp': { description: 'ICMP of IPv6', only: 'IPv6' },
  icmpv6: { description: 'ICMP of IPv6; the same as ipv6-icmp', only: 'IPv6' },
  'ipv6-nonxt': { description: 'No Next Header of IPv6', only: 'IPv6' },
  'ipv6-opts': { description: 'Destination Options of IPv6', only: 'IPv6' },
  'ipv6-route': { description: 'Routing Header of IPv6', only: 'IPv6' },
  ospf: { description: 'Open Shortest Path First' },
  pgm: { description: 'Pragmatic General Multicast' },
  rsvp: { description: 'Resource Reservation Protocol' },
  sctp: { description: 'Stream Control Transmission Protocol, on every port' },
  tcp: { description: 'Transmission Control Protocol', ports: true },
  udp: { description: 'User Datagram Protocol', ports: true },
  udplite: { description: 'Lightweight User Datagram Protocol, on every port' },
  vrrp: { description: 'Virtual Router Redundancy Protocol' },
} as const satisfies Record<string, ProtocolFacts>

export type ProtocolName = keyof typeof facts

export const protocolNames = Object.keys(facts) as [ProtocolName, ...ProtocolName[]]

export const describeProtocol = (name: ProtocolName): ProtocolFacts => facts[name]
