import { z } from '@hono/zod-openapi'
import { Currency, publicId, Tier, Timestamp } from '../common.ts'
import { InstanceId } from '../instances/schemas.ts'
import { instanceStatuses } from '../instances/states.ts'
import { volumeStatuses } from './states.ts'

export const VolumeId = publicId('V')

/** GB (10^9 bytes). The least is each region's own. */
export const largestVolumeGb = 1_048_576
/** Of one call, and of one machine. */
export const volumesPerInstance = 20

export const Volume = z
  .object({
    id: VolumeId,
    name: z.string(),
    /** GB of 10^9 bytes. */
    size_gb: z.int(),
    volume_type: z.string(),
    status: z.enum(volumeStatuses),
    region: z.string(),
    tier: Tier,
    /** It began as an OS image: instances can boot from it. */
    bootable: z.boolean(),
    os_image: z.string().nullable(),
    attached_to: z
      .object({
        instance_id: InstanceId,
        vm_name: z.string(),
        vm_status: z.enum(instanceStatuses),
      })
      .nullable(),
    /** Path in the guest that stays the same; null while it is not attached. */
    device: z.string().nullable(),
    description: z.string().nullable(),
    hourly_rate: z.number(),
    currency: Currency,
    /** Why the status is error, or why the last action failed. */
    error: z.string().nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
    /** Only there, and true, when the region is simulated. */
    simulated: z.literal(true).optional(),
  })
  .openapi('VolumeResponse')
export type Volume = z.infer<typeof Volume>

export const exampleVolume = {
  id: 'BRK-123456V',
  name: 'volume1',
  size_gb: 100,
  volume_type: 'SSD',
  status: 'available',
  region: 'LOCAL-1',
  tier: 'legacy',
  bootable: false,
  os_image: null,
  attached_to: null,
  device: null,
  description: null,
  hourly_rate: 0.01,
  currency: 'USD',
  error: null,
  created_at: '2026-01-10T09:00:00Z',
  updated_at: '2026-01-10T09:00:01Z',
} as const satisfies Volume

export const exampleAttachment = {
  volume_id: 'BRK-123456V',
  volume_name: 'volume1',
  size_gb: 100,
  volume_type: 'SSD',
  bootable: false,
  device: null,
  status: 'attaching',
  attached_at: '2026-01-10T09:10:00Z',
} as const
