import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post, put } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { Dialog, DialogBody, FormDialog } from '../ui/dialog.tsx'
import { TextArea } from '../ui/fields.tsx'
import { NameField, nameProblem } from '../ui/name-field.tsx'
import { Problem } from '../ui/panel.tsx'
import { Spinner } from '../ui/spinner.tsx'

const mostBytes = 65_536
const beginning = '#!/bin/sh\nset -eu\n\n'

/** `id` is `new` for one that is not there yet. */
export function ScriptDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const isNew = id === 'new'
  const { data, error } = useQuery({
    ...reading('/api/scripts/{script_id}/', { params: { script_id: id } }),
    enabled: !isNew,
    // What is being edited does not change under the hands.
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (isNew) return <Editor id={null} name="" text={beginning} onClose={onClose} />
  if (data !== undefined) {
    return <Editor id={id} name={data.script.name} text={data.script.script} onClose={onClose} />
  }
  return (
    <Dialog title="Script" open onClose={onClose}>
      <DialogBody>{error ? <Problem error={error} /> : <Spinner words="Loading …" />}</DialogBody>
    </Dialog>
  )
}

function Editor({
  id,
  name: before,
  text,
  onClose,
}: {
  id: string | null
  name: string
  text: string
  onClose: () => void
}) {
  const [name, setName] = useState(before)
  const [script, setScript] = useState(text)
  const size = new TextEncoder().encode(script).length
  const problem =
    size > mostBytes
      ? 'At most 64 KB.'
      : /^#(!|cloud-config)/.test(script)
        ? null
        : 'Begins with #! or #cloud-config.'
  const save = useMutation({
    mutationFn: async (): Promise<unknown> =>
      id === null
        ? post('/api/scripts/', { body: { name, script } })
        : put('/api/scripts/{script_id}/', { params: { script_id: id }, body: { name, script } }),
    onSuccess: async () => {
      await stale('/api/scripts/')
      onClose()
    },
  })
  const fields = save.error instanceof ApiError ? save.error.fields : {}
  return (
    <FormDialog
      title={id === null ? 'Create script' : `Edit ${before}`}
      open
      wide
      onClose={onClose}
      onSubmit={() => save.mutate()}
      submit={id === null ? 'Create script' : 'Save script'}
      submitting="Saving…"
      pending={save.isPending}
      error={save.error}
      reason={nameProblem(name) ?? problem}
    >
      <NameField value={name} onValue={setName} error={fields.name?.[0]} />
      <TextArea
        label="Script"
        mono
        rows={16}
        spellCheck={false}
        value={script}
        onValue={setScript}
        aside={`${size.toLocaleString('en')}/65,536 bytes`}
        error={problem ?? fields.script?.[0]}
      />
    </FormDialog>
  )
}
