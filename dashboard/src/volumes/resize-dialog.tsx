import { useState } from 'react'
import { post } from '../api/client.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/fields.tsx'
import { gigabytes, rate } from '../ui/format.ts'
import { useVolumeChange } from './use-volume-change.ts'
import type { Volume } from './volume-card.tsx'

export function ResizeDialog({ volume, onClose }: { volume: Volume; onClose: () => void }) {
  const [size, setSize] = useState(String(volume.size_gb * 2))
  const gb = Number(size)
  const problem =
    Number.isInteger(gb) && gb > volume.size_gb
      ? null
      : `It can only grow: give more than ${volume.size_gb} GB.`
  const resize = useVolumeChange(
    () =>
      post('/api/volumes/{volume_id}/resize/', {
        params: { volume_id: volume.id },
        body: { size_gb: gb },
      }),
    onClose,
  )
  const perGb = volume.hourly_rate / volume.size_gb
  return (
    <FormDialog
      title={`Resize ${volume.name}`}
      open
      onClose={onClose}
      onSubmit={() => resize.mutate()}
      submit="Resize volume"
      submitting="Resizing…"
      pending={resize.isPending}
      error={resize.error}
      reason={problem}
    >
      <TextField
        label="Size in GB"
        inputMode="numeric"
        value={size}
        onValue={setSize}
        error={problem}
        hint={`Now ${gigabytes(volume.size_gb)}; then ${rate(perGb * gb, volume.currency)}. Grow the file system in the instance afterwards.`}
      />
    </FormDialog>
  )
}
