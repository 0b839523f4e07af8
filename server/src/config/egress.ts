/** What microVMs may reach: in `garrison.yaml`, as `microvms.egress`. */
import { EgressPolicyRequest } from '@garrison/contract/microvms/egress'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'

export const egress = z
  .strictObject({
    /** Of machines for which nobody has said anything: nothing. Written as in the API. */
    usual: EgressPolicyRequest.prefault({}),
    /** Private networks that policies may name; other machines of this server are never reached. */
    allow_networks: z
      .array(
        z.string().refine((cidr) => ipaddr.IPv4.isValidCIDR(cidr), 'a network such as 10.1.0.0/16'),
      )
      .default([]),
  })
  .prefault({})
