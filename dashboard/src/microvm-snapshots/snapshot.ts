/** Snapshots of microVMs, in words. */
import type { MicrovmSnapshotStatus } from '@garrison/contract/microvms/states'
import type { Answer } from '../api/client.ts'
import type { Look } from '../ui/status.tsx'

export type MicrovmSnapshot = Answer<'get', '/v1/snapshots'>[number]

const looks: Readonly<Record<MicrovmSnapshotStatus, Look>> = {
  pending: 'changing',
  building: 'changing',
  ready: 'running',
  failed: 'problem',
  deleting: 'changing',
}
export const snapshotLook = (status: MicrovmSnapshotStatus) => looks[status]
export const isSnapshotChanging = (status: MicrovmSnapshotStatus) => looks[status] === 'changing'

export const titleOf = ({ name, id }: Pick<MicrovmSnapshot, 'name' | 'id'>) => name ?? id

/** Why nothing can begin as it now; null when something can. */
export function whyNotStart({ status }: Pick<MicrovmSnapshot, 'status'>): string | null {
  if (status === 'ready') return null
  if (status === 'failed') return 'It failed, so nothing can begin as it'
  return status === 'deleting' ? 'It is being deleted' : 'It is not ready yet'
}

export function whyNotDelete({
  status,
  type,
}: Pick<MicrovmSnapshot, 'status' | 'type'>): string | null {
  if (status === 'deleting') return 'It is being deleted'
  return type === 'system' ? 'It is public and belongs to the operators' : null
}

/** Where it came from. */
export function originWords({ snapshot_type, oci_image, source_vm_id }: MicrovmSnapshot): string {
  if (snapshot_type === 'oci') return oci_image ?? 'An image'
  if (snapshot_type === 'vm') return source_vm_id ?? 'A microVM'
  return 'The base'
}
