/** Pinned, a snapshot is deleted by nobody: no policy, and no hand. */
import { useMutation } from '@tanstack/react-query'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { tell, tellProblem } from '../ui/toast.tsx'
import type { Snapshot } from './snapshot-card.tsx'

export function usePin({ id, name, pinned, status }: Snapshot) {
  const pin = useMutation({
    mutationFn: () =>
      post('/api/snapshots/{snapshot_id}/pin/', {
        params: { snapshot_id: id },
        body: { pinned: !pinned },
      }),
    onSuccess: async () => {
      await stale('/api/snapshots/')
      tell(pinned ? `${name} can be deleted again.` : `${name} is kept until it is unpinned.`)
    },
    onError: tellProblem,
  })
  return {
    words: pinned ? 'Unpin' : 'Pin',
    onClick: () => pin.mutate(),
    reason: pin.isPending ? 'Wait a moment' : whyNotPin(status, pinned),
  }
}

function whyNotPin(status: Snapshot['status'], pinned: boolean): string | null {
  if (status === 'DELETING') return 'It is being deleted'
  return status === 'CREATING' && !pinned ? 'It is not there yet' : null
}
