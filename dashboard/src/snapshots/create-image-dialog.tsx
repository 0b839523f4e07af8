import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextArea } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { tell } from '../ui/toast.tsx'
import type { Snapshot } from './snapshot-card.tsx'
import { useImageNames } from './use-names.ts'

export function CreateImageDialog({
  snapshot,
  onClose,
}: {
  snapshot: Snapshot
  onClose: () => void
}) {
  const [name, setName] = useState(snapshot.name)
  const [description, setDescription] = useState('')
  const taken = useImageNames(name)
  const create = useMutation({
    mutationFn: () =>
      post('/api/custom-images/', { body: { snapshot_id: snapshot.id, name, description } }),
    onSuccess: async ({ image }) => {
      await stale('/api/snapshots/', '/api/custom-images/')
      tell(`The image ${image.name} is being made.`)
      onClose()
    },
  })
  return (
    <FormDialog
      title="Create image"
      open
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submit="Create image"
      submitting="Creating…"
      pending={create.isPending}
      error={create.error}
      reason={nameProblem(name, { taken })}
    >
      <p className="text-ink-2">
        From <strong className="font-semibold">{snapshot.name}</strong> in {snapshot.region}. New
        instances of that region can boot from an image; it outlives its snapshot.
      </p>
      <NameField value={name} onValue={setName} taken={taken} />
      <TextArea
        label="Description"
        hint="Optional."
        maxLength={1000}
        value={description}
        onValue={setDescription}
      />
    </FormDialog>
  )
}
