import { vmName } from '@garrison/contract/microvms/facts'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField } from '../ui/fields.tsx'
import { ShareFields, usualShare, whyNotPort } from './share-fields.tsx'
import { whyNotVm } from './vm.ts'

/** `vmId`: of this one; left out, one of those that run is chosen. */
export function ShareDialog({ vmId, onClose }: { vmId?: string; onClose: () => void }) {
  const vms = useQuery(reading('/v1/vms'))
  const running = (vms.data ?? []).filter(({ status }) => whyNotVm('execute', status) === null)
  const [chosen, setChosen] = useState(vmId ?? '')
  const [draft, setDraft] = useState(usualShare)
  const vm_id = chosen || (running.length === 1 ? (running[0]?.vm_id ?? '') : '')
  const share = useMutation({
    mutationFn: () =>
      post('/v1/shares', {
        body: { vm_id, port: Number(draft.port), is_public: draft.isPublic },
      }),
    onSuccess: async () => {
      await stale('/v1/shares')
      onClose()
    },
  })
  const fields = share.error instanceof ApiError ? share.error.fields : {}
  return (
    <FormDialog
      title="Share a port"
      open
      onClose={onClose}
      onSubmit={() => share.mutate()}
      submit="Share"
      submitting="Sharing…"
      pending={share.isPending}
      error={share.error}
      labels={{ port: 'Port' }}
      reason={vm_id === '' ? 'Choose a microVM first' : whyNotPort(draft.port)}
    >
      {vmId === undefined && (
        <SelectField
          label="MicroVM"
          value={vm_id}
          onValue={setChosen}
          placeholder="Choose one that runs"
          choices={running.map((vm) => ({ value: vm.vm_id, words: vmName(vm) }))}
          hint={vms.data && running.length === 0 ? 'None runs now; start one first.' : undefined}
        />
      )}
      <ShareFields draft={draft} onDraft={setDraft} error={fields.port?.[0]} />
    </FormDialog>
  )
}
