/** What networks are made from: a file per tenant and per machine. Everything else follows. */
import { z } from 'zod'

export const TenantRecord = z.strictObject({
  /** Of its network in the installation: 0 to 254. */
  number: z.int().min(0).max(254),
})
export type TenantRecord = z.infer<typeof TenantRecord>

export const MachineRecord = z.strictObject({
  tenant: z.string(),
  /** Last number of its address: 2 to 254. */
  number: z.int().min(2).max(254),
  /** User that may open its tap; `null`: it has none. */
  uid: z.int().nonnegative().nullable(),
  rules: z
    .array(
      z.strictObject({
        direction: z.enum(['ingress', 'egress']),
        ethertype: z.enum(['IPv4', 'IPv6']),
        protocol: z.string(),
        portMin: z.int().nullable(),
        portMax: z.int().nullable(),
        cidr: z.string(),
      }),
    )
    .nullable(),
  /** Stays when the tap goes; `null`: it has none. */
  publicAddress: z.ipv4().nullable().default(null),
})
export type MachineRecord = z.infer<typeof MachineRecord>
