import type { Rule } from './rule-store.ts'

/** A rule in the audit log, in the words of the API. */
export const toldOfRule = ({ direction, ethertype, protocol, port_min, port_max, cidr }: Rule) => ({
  ...{ direction, ethertype, protocol },
  port_range_min: port_min,
  port_range_max: port_max,
  remote_ip_prefix: cidr,
})
