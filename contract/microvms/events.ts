/** What accounts hear of their microVMs, and of what belongs to those. */
import { z } from 'zod'
import { event, name, reason, region, states } from '../events/shapes.ts'
import { microvmSnapshotStatuses, microvmStatuses } from './states.ts'

const microvms = {
  ...states(
    'microvm',
    microvmStatuses,
    {
      starting: 'A microVM is being started.',
      running: 'The microVM runs.',
      suspending: 'Its memory goes to disk.',
      suspended: 'The microVM is suspended.',
      resuming: 'The microVM is on its way back.',
      terminating: 'The microVM is being ended.',
      terminated: 'The microVM has ended; `reason` says why.',
      failed: 'The microVM could not be started; `reason` says why.',
    },
    { region, session: z.string(), reason },
  ),
  'microvm.egress-applied': event('It reaches what its policy says and nothing else.', {}),
  'microvm.egress-failed': event('Its egress policy could not be changed.', { reason }),
  ...states(
    'microvm-snapshot',
    [...microvmSnapshotStatuses, 'deleted'],
    {
      pending: 'A snapshot of microVMs waits to be made.',
      building: 'A snapshot of microVMs is being built.',
      ready: 'MicroVMs can begin as the snapshot.',
      failed: 'The snapshot could not be made, or not be deleted; `reason` says why.',
      deleting: 'The snapshot is being deleted.',
      deleted: 'The snapshot is gone.',
    },
    { name: z.string().optional(), region, vm: z.string().optional(), reason },
  ),
}

const share = { vm: z.string(), port: z.int(), name, is_public: z.boolean() }
const shares = {
  'share.created': event('A port of a microVM has an address.', share),
  'share.changed': event('A share became public, or private.', share),
  'share.revoked': event('The address of a share leads nowhere any more.', share),
}

const microvmVolume = { name, quota_bytes: z.int() }
const checkpoint = { name, checkpoint: z.string() }
const microvmVolumes = {
  'microvm-volume.created': event('A volume of microVMs is there.', microvmVolume),
  'microvm-volume.changed': event('It has another name or quota.', microvmVolume),
  'microvm-volume.deleted': event('It is gone, with its files and checkpoints.', microvmVolume),
  'microvm-volume.checkpointed': event('A checkpoint of its files is there.', checkpoint),
  'microvm-volume.checkpoint-deleted': event('A checkpoint of it is gone.', checkpoint),
}

export const microvmEvents = { ...microvms, ...microvmVolumes, ...shares }
