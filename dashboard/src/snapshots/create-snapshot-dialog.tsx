import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, Switch, TextArea } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Notice } from '../ui/notice.tsx'
import { useSnapshotNames } from './use-names.ts'

/** `instanceId`: of this one; left out, one of those that run is chosen. */
export function CreateSnapshotDialog({
  open,
  onClose,
  instanceId,
}: {
  open: boolean
  onClose: () => void
  instanceId?: string
}) {
  return open ? <Form onClose={onClose} instanceId={instanceId} /> : null
}

function Form({ onClose, instanceId }: { onClose: () => void; instanceId: string | undefined }) {
  const region = useRegion()
  const eligible = useQuery(reading('/api/snapshots/eligible-instances/', { query: { region } }))
  const machines = eligible.data?.vms ?? []
  const [chosen, setChosen] = useState(instanceId ?? '')
  const source = chosen || (machines.length === 1 ? (machines[0]?.instance_id ?? '') : '')
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [asImage, setAsImage] = useState(false)
  const [memory, setMemory] = useState(false)
  const chosenMachine = machines.find(({ instance_id }) => instance_id === source)
  const whyNoMemory =
    source === '' ? 'Choose an instance first' : (chosenMachine?.why_no_memory ?? null)
  const taken = useSnapshotNames(name)
  const create = useMutation({
    mutationFn: () =>
      post('/api/snapshots/', {
        body: {
          instance_id: source,
          name,
          create_as_image: asImage,
          ...(memory && !whyNoMemory ? { memory } : {}),
          ...(description === '' ? {} : { description }),
        },
      }),
    onSuccess: async () => {
      await stale('/api/snapshots/', '/api/custom-images/')
      onClose()
    },
  })
  const fields = create.error instanceof ApiError ? create.error.fields : {}
  return (
    <FormDialog
      title="Create snapshot"
      open
      onClose={onClose}
      onSubmit={() => create.mutate()}
      submit="Create snapshot"
      submitting="Creating…"
      pending={create.isPending}
      error={create.error}
      reason={source === '' ? 'Choose an instance' : nameProblem(name, { taken })}
    >
      {eligible.data && machines.length === 0 ? (
        <Notice tone="warning">
          No active VMs{region ? ` in ${region}` : ''}. A snapshot is taken of a machine that runs:
          start one first.
        </Notice>
      ) : (
        <SelectField
          label="Instance"
          value={source}
          onValue={setChosen}
          placeholder={eligible.isPending ? 'Loading …' : 'Choose an instance'}
          choices={machines.map((machine) => ({
            value: machine.instance_id,
            words: `${machine.vm_name} - ${machine.gpu_type} (${machine.region})`,
          }))}
          hint="It keeps running while the snapshot is taken."
        />
      )}
      <NameField
        value={name}
        onValue={setName}
        taken={taken}
        error={fields.name?.[0]}
        touched={create.isError}
        placeholder="before-upgrade"
      />
      <details>
        <summary className="cursor-pointer py-1 font-medium">Advanced options</summary>
        <div className="flex flex-col gap-4 pt-2">
          <TextArea
            label="Description"
            hint="Optional."
            maxLength={1000}
            value={description}
            onValue={setDescription}
          />
          <Switch
            label="Create as image"
            hint="Makes an image of the same name at once, to boot new instances from."
            checked={asImage}
            onChecked={setAsImage}
          />
          <Switch
            label="Keep memory"
            hint="What is restored from it continues where this one is, instead of booting. The snapshot gets larger by its memory."
            checked={memory && !whyNoMemory}
            onChecked={setMemory}
            reason={whyNoMemory}
          />
        </div>
      </details>
    </FormDialog>
  )
}
