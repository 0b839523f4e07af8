/** What an instance looks like from outside. */
import { z } from '@hono/zod-openapi'
import { Currency, publicId, Tier, Timestamp } from '../common.ts'
import { attachmentStatuses, firewallStatuses } from '../firewalls/states.ts'
import { SecurityRule } from './security-rules.ts'
import { instanceStatuses } from './states.ts'

export const InstanceId = publicId('D')

export const InstanceStatusEnum = z.enum(instanceStatuses).openapi('VMStatus')

export const BootSource = z.enum(['os_image', 'volume', 'custom_image', 'snapshot'])

/**
 * `assigned` as soon as the address is known, which is before the machine boots. `pending`: it, or a public
 * one that was asked for, is on its way. `detached`: the public one was given back, and the private one is
 * shown.
 */
export const IpStatus = z.enum(['assigned', 'pending', 'detached', 'none'])

export const Billing = z.object({ hourly_rate: z.number(), currency: Currency }).openapi('Billing')

/** A machine without GPU has the type `CPU` and the count 0. */
export const Specs = z
  .object({
    gpu_type: z.string(),
    gpu_count: z.int(),
    ram_gb: z.number(),
    vcpus: z.int(),
    storage_gb: z.int(),
  })
  .openapi('Specs')

/** A new instance, in the answers to deploy and restore. */
export const Data = z
  .object({
    instance_id: InstanceId,
    vm_name: z.string(),
    ip_address: z.string().nullable(),
    ip_status: IpStatus,
    billing: Billing,
    specs: Specs,
    status: InstanceStatusEnum,
    boot_source: BootSource,
    created_at: Timestamp,
  })
  .openapi('Data')
export type Data = z.infer<typeof Data>

/** A row of the list. */
export const Instance = z
  .object({
    instance_id: InstanceId,
    vm_name: z.string(),
    status: InstanceStatusEnum,
    tier: Tier,
    region: z.string(),
    gpu_type: z.string(),
    gpu_count: z.int(),
    vcpus: z.int(),
    ram_gb: z.number(),
    /** GB (10^9 bytes) of the root disk. */
    storage_gb: z.int(),
    /** The public address where it has one; otherwise where the host reaches the machine. */
    ip_address: z.string().nullable(),
    private_ip: z.string().nullable(),
    ip_status: IpStatus,
    /** `ssh [-p PORT] USER@HOST`; null while there is no address, and where nothing is real. */
    ssh_command: z.string().nullable(),
    boot_source: BootSource,
    os_image: z.string().nullable(),
    /** While it runs or is stopped. */
    hourly_rate: z.number(),
    /** Per hour, instead of `hourly_rate`; null while it is not hibernated. */
    hibernation_rate: z.number().nullable(),
    currency: Currency,
    /** When the guest last reported itself up; null until it has. */
    ready_at: Timestamp.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
    server_uuid: z.string().nullable(),
    simulated: z.literal(true).optional(),
  })
  .openapi('VMInstance')
export type Instance = z.infer<typeof Instance>

export const Flavor = z
  .object({
    name: z.string(),
    vcpus: z.int(),
    ram_gb: z.number(),
    storage_gb: z.int(),
    ephemeral_gb: z.int(),
    gpu_type: z.string(),
    gpu_count: z.int(),
  })
  .openapi('VMFlavor')

export const VolumeAttachment = z
  .object({
    volume_id: publicId('V'),
    volume_name: z.string(),
    size_gb: z.int(),
    volume_type: z.string(),
    bootable: z.boolean(),
    device: z.string().nullable(),
    status: z.string(),
    attached_at: Timestamp,
  })
  .openapi('VMVolumeAttachment')

export const AttachedFirewall = z
  .object({
    firewall_id: publicId('F'),
    name: z.string(),
    status: z.enum(firewallStatuses),
    attachment_status: z.enum(attachmentStatuses),
    rule_count: z.int(),
    attached_at: Timestamp,
  })
  .openapi('AttachedFirewall')
export type AttachedFirewall = z.infer<typeof AttachedFirewall>

/** One that began as a snapshot or an image, from there. */
export const MadeInstance = z
  .object({ instance_id: InstanceId, vm_name: z.string(), status: InstanceStatusEnum })
  .openapi('InstanceMadeFrom')

/** `guaranteed`: its capacity stays reserved. `best_effort`: a restore is refused while there is no room. */
export const ResumeClass = z.enum(['guaranteed', 'best_effort']).openapi('ResumeClass')

export const HibernationDetails = z
  .object({
    hibernated_at: Timestamp,
    /** Whether memory was kept; otherwise it boots when it is restored. */
    memory: z.boolean(),
    resume_class: ResumeClass,
    retain_ip: z.boolean(),
    retain_capacity: z.boolean(),
    /** While it is hibernated. */
    hourly_rate: z.number(),
  })
  .openapi('HibernationDetails')
export type HibernationDetails = z.infer<typeof HibernationDetails>

/** The snapshot, image or volume that it began as. */
export const InstanceSource = z
  .object({ id: z.string(), name: z.string(), deleted: z.boolean() })
  .openapi('InstanceSource')
export type InstanceSource = z.infer<typeof InstanceSource>

export const InstanceDetails = Instance.extend({
  /** Null when it began as an OS image; what it was otherwise says `boot_source`. */
  source: InstanceSource.nullable(),
  flavor: Flavor,
  /** The OS image it goes back to; null when nobody knows. */
  image: z.object({ name: z.string(), type: z.string().optional() }).openapi('VMImage').nullable(),
  ssh_keys: z.array(z.object({ id: publicId('K'), name: z.string() })),
  security_rules: z.array(SecurityRule),
  volume_attachments: z.array(VolumeAttachment),
  firewalls: z.array(AttachedFirewall),
  billing: Billing.extend({ per_minute_rate: z.number(), total_cost: z.number() }),
  /** Where it was deployed with Jupyter and has an address; null where nothing is real. */
  jupyter_url: z.string().nullable(),
  /** Null while it is not hibernated. */
  hibernation: HibernationDetails.nullable(),
  /** Why the status is ERROR, or why the last action failed. */
  error: z.string().nullable(),
}).openapi('VMResponse')
export type InstanceDetails = z.infer<typeof InstanceDetails>

/** The short row that pickers show. */
export const UserVM = z
  .object({
    instance_id: InstanceId,
    vm_name: z.string(),
    status: InstanceStatusEnum,
    region: z.string(),
    tier: Tier,
    gpu_type: z.string(),
    gpu_count: z.int(),
    server_uuid: z.string().nullable(),
    is_attached: z.boolean().optional(),
    /** Where a snapshot is to be taken: why it cannot hold memory; null when, by its region and shape, it can. */
    why_no_memory: z.string().nullable().optional(),
  })
  .openapi('UserVM')
export type UserVM = z.infer<typeof UserVM>
