import { post } from '../api/client.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { Notice } from '../ui/notice.tsx'
import { useVolumeChange } from './use-volume-change.ts'
import type { Volume } from './volume-card.tsx'

export function DetachDialog({ volume, onClose }: { volume: Volume; onClose: () => void }) {
  const detach = useVolumeChange(
    () => post('/api/volumes/detach/', { body: { volume_ids: [volume.id] } }),
    onClose,
  )
  const from = volume.attached_to?.vm_name ?? 'its instance'
  return (
    <FormDialog
      title={`Detach ${volume.name}`}
      open
      onClose={onClose}
      onSubmit={() => detach.mutate()}
      submit="Detach volume"
      submitting="Detaching…"
      pending={detach.isPending}
      error={detach.error}
    >
      <p>
        Take the volume <strong className="font-semibold">{volume.name}</strong> from{' '}
        <strong className="font-semibold">{from}</strong>?
      </p>
      <Notice tone="warning">
        Programs that use it are disturbed, and what is not written yet may be lost. Unmount it in
        the instance first.
      </Notice>
    </FormDialog>
  )
}
