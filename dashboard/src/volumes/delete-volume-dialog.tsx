import { del } from '../api/client.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { gigabytes } from '../ui/format.ts'
import { useVolumeChange } from './use-volume-change.ts'
import type { Volume } from './volume-card.tsx'

export function DeleteVolumeDialog({ volume, onClose }: { volume: Volume; onClose: () => void }) {
  const remove = useVolumeChange(
    () => del('/api/volumes/{volume_id}/', { params: { volume_id: volume.id } }),
    onClose,
  )
  return (
    <ConfirmDelete
      kind="volume"
      name={volume.name}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">Everything on its {gigabytes(volume.size_gb)} is lost.</p>
    </ConfirmDelete>
  )
}
