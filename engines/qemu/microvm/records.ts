/** What is remembered of microVMs and of what they begin from. */
import { z } from 'zod'

const Policy = z.object({
  ...{ open: z.boolean(), packageManagers: z.boolean(), http: z.boolean(), https: z.boolean() },
  ...{ domains: z.array(z.string()).readonly(), cidrs: z.array(z.string()).readonly() },
})

const Start = z.object({
  how: z.enum(['memory', 'cold-boot']),
  why: z.string().optional(),
  ...{ pooled: z.boolean(), hostMs: z.number() },
})

/** A process and what it stands on. */
const SlotRecord = z.object({ name: z.string(), number: z.int(), uid: z.int(), gid: z.int() })

export const MicrovmRecord = z.object({
  tenant: z.string(),
  /** Of the tenant; that of its process may be nobody's. */
  gid: z.int(),
  vcpus: z.int(),
  memoryMib: z.int(),
  egress: Policy,
  /** What every machine of its image is given. */
  env: z.record(z.string(), z.string()),
  /** Active layer of its disk. */
  layer: z.string(),
  /** Memory that its process began with; of a suspended one, that it goes on with. */
  ram: z.string(),
  /** `null`: no process. */
  slot: SlotRecord.nullable(),
  suspended: z.boolean(),
  /** Whether its guest was given more than that at start, which no snapshot may have; `true` in records of earlier releases. */
  hasOwnEnv: z.boolean().default(true),
  /** Of a suspended one: whether it is in its memory, since the guest did not let go of it. */
  holdsEnv: z.boolean().default(false),
  /** What its guest is to have and has not got yet, in base64: while it is captured or suspended, and when it boots again. */
  given: z.string().default(''),
  /** Of a suspended one: the QEMU that wrote its memory. */
  qemu: z.string().nullable(),
  /** `null` until it has answered. */
  start: Start.nullable(),
})

export const MicrovmSnapshotRecord = z.object({
  tenant: z.string(),
  gid: z.int(),
  isPublic: z.boolean(),
  vcpus: z.int(),
  memoryMib: z.int(),
  layer: z.string(),
  memory: z.object({
    name: z.string(),
    /** Of the QEMU that wrote it, as `query-version` and the package have it. */
    qemu: z.string(),
    /** Id of the host's boot in which it was written; `null` once it is safe from a power failure. */
    unsafeSince: z.string().nullable(),
  }),
  env: z.record(z.string(), z.string()),
  sizeBytes: z.number(),
  pausedMs: z.number(),
})

export type SlotRecord = z.infer<typeof SlotRecord>
export type MicrovmRecord = z.infer<typeof MicrovmRecord>
export type MicrovmSnapshotRecord = z.infer<typeof MicrovmSnapshotRecord>
