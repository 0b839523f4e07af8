import { whyNot } from '@garrison/contract/snapshots/states'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { useImageNames } from '../snapshots/use-names.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, TextArea } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Notice } from '../ui/notice.tsx'
import { ImageDetailsDialog } from './image-details-dialog.tsx'

type Source = { readonly id: string; readonly name: string; readonly region: string }

/** Of this snapshot; left out, one of those that are ready is chosen. Then it shows how far the image is. */
export function CreateImageDialog({
  snapshot,
  onClose,
}: {
  snapshot?: Source
  onClose: () => void
}) {
  const region = useRegion()
  const list = useQuery({
    ...reading('/api/snapshots/', { query: { pageSize: 100, region } }),
    enabled: snapshot === undefined,
  })
  const ready = list.data?.snapshots.filter(({ status }) => whyNot('create-image', status) === null)
  const [chosen, setChosen] = useState('')
  const source = snapshot ?? ready?.find(({ id }) => id === chosen)
  const [name, setName] = useState(snapshot?.name ?? '')
  const [description, setDescription] = useState('')
  const taken = useImageNames(name)
  const create = useMutation({
    mutationFn: (snapshot_id: string) =>
      post('/api/custom-images/', { body: { snapshot_id, name, description } }),
    onSuccess: () => stale('/api/snapshots/', '/api/custom-images/'),
  })
  if (create.data) return <ImageDetailsDialog id={create.data.image.id} onClose={onClose} />
  const fields = create.error instanceof ApiError ? create.error.fields : {}
  return (
    <FormDialog
      title="Create image"
      open
      onClose={onClose}
      onSubmit={() => source && create.mutate(source.id)}
      submit="Create image"
      submitting="Creating…"
      pending={create.isPending}
      error={create.error}
      reason={source === undefined ? 'Choose a snapshot' : nameProblem(name, { taken })}
    >
      {snapshot ? (
        <p className="text-ink-2">
          From <strong className="font-semibold">{snapshot.name}</strong> in {snapshot.region}. New
          instances of that region can boot from an image; it outlives its snapshot.
        </p>
      ) : ready?.length === 0 ? (
        <Notice tone="warning">
          No snapshot{region ? ` in ${region}` : ''} is ready. An image is made of one: take a
          snapshot of an instance first.
        </Notice>
      ) : (
        <SelectField
          label="Snapshot"
          value={chosen}
          onValue={(id) => {
            setChosen(id)
            if (name === '') setName(ready?.find((each) => each.id === id)?.name ?? '')
          }}
          placeholder={list.isPending ? 'Loading …' : 'Choose a snapshot'}
          choices={(ready ?? []).map((each) => ({
            value: each.id,
            words: `${each.name} (${each.region})`,
          }))}
          hint="The image is in the same region, and outlives its snapshot."
        />
      )}
      <NameField
        value={name}
        onValue={setName}
        taken={taken}
        error={fields.name?.[0]}
        touched={create.isError}
        placeholder="web-base"
      />
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
