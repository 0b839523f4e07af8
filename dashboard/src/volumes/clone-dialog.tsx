import { useState } from 'react'
import { post } from '../api/client.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { useVolumeChange } from './use-volume-change.ts'
import { useVolumeNames } from './use-volume-names.ts'
import type { Volume } from './volume-card.tsx'

const ending = '-clone'

export function CloneDialog({ volume, onClose }: { volume: Volume; onClose: () => void }) {
  const [name, setName] = useState(volume.name.slice(0, 50 - ending.length) + ending)
  const taken = useVolumeNames(name)
  const clone = useVolumeChange(
    () =>
      post('/api/volumes/{volume_id}/clone/', {
        params: { volume_id: volume.id },
        body: { name },
      }),
    onClose,
  )
  return (
    <FormDialog
      title={`Clone ${volume.name}`}
      open
      onClose={onClose}
      onSubmit={() => clone.mutate()}
      submit="Clone volume"
      submitting="Cloning…"
      pending={clone.isPending}
      error={clone.error}
      reason={nameProblem(name, { taken })}
    >
      <p className="text-ink-2">
        A copy as it is at this moment, independent from then on, and charged as a volume of its
        own.
      </p>
      <NameField value={name} onValue={setName} taken={taken} />
    </FormDialog>
  )
}
