/** From rows to what the API answers. */

import type { InstanceDetails } from '@garrison/contract/instances/routes'
import type { Volume as VolumeAnswer } from '@garrison/contract/volumes/routes'
import type { ViewContext } from '../instances/view.ts'
import { toDecimal } from '../money.ts'
import type { Volume, VolumeWithMachine } from './store.ts'

/** Path in the guest; what it boots from comes first there. */
function device({ instance_id, is_boot, public_id, status }: Volume): string | null {
  if (instance_id === null || status === 'attaching') return null
  return is_boot ? '/dev/vda' : devicePath(public_id)
}

const devicePath = (publicId: string) => `/dev/disk/by-id/virtio-${publicId}`

export function volumeAnswer(row: VolumeWithMachine, view: ViewContext): VolumeAnswer {
  const { instance_public_id, vm_name, vm_status } = row
  return {
    id: row.public_id,
    name: row.name,
    size_gb: row.size_gb,
    volume_type: row.volume_type,
    status: row.status,
    region: row.region,
    tier: row.tier,
    bootable: row.bootable,
    os_image: row.os_image,
    attached_to:
      instance_public_id === null || vm_name === null || vm_status === null
        ? null
        : { instance_id: instance_public_id, vm_name, vm_status },
    device: device(row),
    description: row.description,
    hourly_rate: toDecimal(Math.round((row.tb_rate_micros * row.size_gb) / 1000)),
    currency: row.currency,
    error: row.error,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    ...(view.isSimulated(row.region) && { simulated: true as const }),
  }
}

export function volumeAttachment(row: Volume): InstanceDetails['volume_attachments'][number] {
  return {
    volume_id: row.public_id,
    volume_name: row.name,
    size_gb: row.size_gb,
    volume_type: row.volume_type,
    bootable: row.bootable,
    device: device(row),
    status: row.status,
    attached_at: (row.attached_at ?? row.updated_at).toISOString(),
  }
}
