import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { reading, stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, Switch, TextField } from '../ui/fields.tsx'
import { nameOf, whyNotVm } from './vm.ts'

/** `vmId`: of this one; left out, one of those that run is chosen. */
export function ShareDialog({ vmId, onClose }: { vmId?: string; onClose: () => void }) {
  const vms = useQuery(reading('/v1/vms'))
  const running = (vms.data ?? []).filter(({ status }) => whyNotVm('execute', status) === null)
  const [chosen, setChosen] = useState(vmId ?? '')
  const [port, setPort] = useState('8080')
  const [isPublic, setPublic] = useState(false)
  const vm_id = chosen || (running.length === 1 ? (running[0]?.vm_id ?? '') : '')
  const number = Number(port)
  const wrong =
    Number.isInteger(number) && number >= 1 && number <= 65_535 ? null : 'Give a port up to 65535.'
  const share = useMutation({
    mutationFn: () => post('/v1/shares', { body: { vm_id, port: number, is_public: isPublic } }),
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
      reason={vm_id === '' ? 'Choose a microVM first' : wrong}
    >
      {vmId === undefined && (
        <SelectField
          label="MicroVM"
          value={vm_id}
          onValue={setChosen}
          placeholder="Choose one that runs"
          choices={running.map((vm) => ({ value: vm.vm_id, words: nameOf(vm) }))}
          hint={vms.data && running.length === 0 ? 'None runs now; start one first.' : undefined}
        />
      )}
      <TextField
        label="Port"
        inputMode="numeric"
        value={port}
        onValue={setPort}
        error={port === '' ? null : (wrong ?? fields.port?.[0])}
        hint="Where something in it listens, on all addresses."
        autoComplete="off"
      />
      <Switch
        label="Public"
        hint="Everybody who knows the address; otherwise it takes a key of your account."
        checked={isPublic}
        onChecked={setPublic}
      />
    </FormDialog>
  )
}
