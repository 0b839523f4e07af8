/**
 * Begins again what failed: whatever its owner would ask for, by the services that its owner would ask, in
 * its owner's name. So state, credits, limits and room are looked at as ever.
 */
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import type { Protection } from '../firewalls/protection.ts'
import type { ImageService } from '../images/service.ts'
import type { Hibernation } from '../instances/hibernation.ts'
import type { PublicAddressService } from '../instances/public-addresses.ts'
import type { InstanceService } from '../instances/service.ts'
import type { MicrovmSnapshotService } from '../microvms/snapshots/service.ts'
import type { MicrovmService } from '../microvms/vms/service.ts'
import type { SnapshotExportService } from '../snapshot-exports/service.ts'
import type { SnapshotService } from '../snapshots/service.ts'
import type { AttachmentService } from '../volumes/attachments.ts'
import type { VolumeService } from '../volumes/service.ts'
import { publicIdsOf, type Row } from './operation-store.ts'

export type RetryingDeps = {
  accounts: AccountService
  instances: InstanceService
  publicAddresses: PublicAddressService
  hibernation: Hibernation
  protection: Protection
  snapshots: SnapshotService
  snapshotExports: SnapshotExportService
  images: ImageService
  volumes: VolumeService
  attachments: AttachmentService
  microvms: MicrovmService
  microvmSnapshots: MicrovmSnapshotService
}

export function createRetrying(deps: RetryingDeps) {
  const { accounts, instances, publicAddresses, hibernation, protection } = deps
  const { snapshots, snapshotExports, images, volumes, attachments } = deps
  const { microvms, microvmSnapshots } = deps

  type Again = (tx: Tx, caller: Caller, operation: Row) => Promise<unknown>

  const reboot: Again = (tx, caller, { subject_public_id: id }) => instances.reboot(tx, caller, id)
  const volumesOf = (tx: Tx, caller: Caller, { input }: Row) =>
    publicIdsOf(tx, caller.accountId, (input.volumeIds ?? []) as string[])

  const ways: Readonly<Record<string, Again>> = {
    'deploy-instance': reboot,
    'restore-snapshot': reboot,
    'delete-microvm': (tx, caller, { subject_id }) =>
      microvms.end(tx, caller, subject_id, 'It was deleted'),
    'delete-microvm-snapshot': (tx, caller, { subject_public_id: id }) =>
      microvmSnapshots.delete(tx, caller, id),
    'start-instance': reboot,
    'recover-instance': reboot,
    'reboot-instance': reboot,
    'delete-instance': (tx, caller, { subject_public_id: id }) => instances.delete(tx, caller, id),
    async 'hibernate-instance'(tx, caller, { subject_public_id: id }) {
      const { retain_ip, retain_capacity } = await instances.require(tx, caller, id)
      await hibernation.hibernate(tx, caller, id, { retain_ip, retain_capacity })
    },
    'restore-instance': (tx, caller, { subject_public_id: id, input }) =>
      hibernation.restore(tx, caller, id, { cold_boot: input.coldBoot === true }),
    async 'apply-firewall'(tx, caller, { subject_public_id: id }) {
      const { instance } = await instances.lock(tx, caller, id)
      await protection.changed(tx, caller.accountId, [instance])
    },
    async 'toggle-public-ip'(tx, caller, { subject_public_id: id, input }) {
      await publicAddresses.toggle(tx, caller, id, input.enable === true)
    },
    async 'attach-volumes'(tx, caller, operation) {
      const ids = await volumesOf(tx, caller, operation)
      await attachments.attach(tx, caller, operation.subject_public_id, ids)
    },
    async 'detach-volumes'(tx, caller, operation) {
      const ids = await volumesOf(tx, caller, operation)
      await attachments.detach(tx, caller, ids, operation.subject_public_id)
    },
    'resize-volume': (tx, caller, { subject_public_id: id, input }) =>
      volumes.resize(tx, caller, id, Number(input.sizeGb)),
    'delete-volume': (tx, caller, { subject_public_id: id }) => volumes.delete(tx, caller, id),
    'delete-snapshot': (tx, caller, { subject_public_id: id }) => snapshots.delete(tx, caller, id),
    'export-snapshot': (tx, caller, { subject_public_id: id }) =>
      snapshotExports.create(tx, caller, id),
    'delete-export': (tx, caller, { subject_public_id: id }) =>
      snapshotExports.delete(tx, caller, id),
    'delete-image': (tx, caller, { subject_public_id: id }) => images.delete(tx, caller, id),
  }

  return {
    /** Kinds that there is a way for; see `retries.ts` of the contract. */
    kinds: Object.keys(ways),

    async again(tx: Tx, operation: Row) {
      const way = ways[operation.kind]
      if (way === undefined) {
        throw new DomainError('VALIDATION_ERROR', `${operation.kind} cannot be begun again`)
      }
      await way(tx, await accounts.onBehalfOf(tx, operation.account_id), operation)
    },
  }
}

export type Retrying = ReturnType<typeof createRetrying>
