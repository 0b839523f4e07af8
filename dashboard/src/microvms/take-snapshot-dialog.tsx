import { vmName } from '@garrison/contract/microvms/facts'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Camera } from 'lucide-react'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/fields.tsx'
import type { Vm } from './vm.ts'

export function TakeSnapshotDialog({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const take = useMutation({
    mutationFn: () =>
      post('/v1/vms/{vm_id}/snapshot', {
        params: { vm_id: vm.vm_id },
        query: { wait: false },
        body: name.trim() === '' ? {} : { name: name.trim() },
      }),
    onSuccess: async ({ snapshot_id }) => {
      await stale('/v1/snapshots', '/api/operations/')
      onClose()
      void navigate({ to: '/microvms/snapshots/$id', params: { id: snapshot_id } })
    },
  })
  return (
    <FormDialog
      title="Take a snapshot"
      icon={<Camera aria-hidden className="size-5 text-ink-3" />}
      open
      onClose={onClose}
      onSubmit={() => take.mutate()}
      submit="Take snapshot"
      submitting="Taking it…"
      pending={take.isPending}
      error={take.error}
    >
      <p>
        The disk and the memory of <strong>{vmName(vm)}</strong> at one moment; it goes on
        meanwhile. What begins from it goes on from there in milliseconds. Environments are no part
        of it; what programs hold in memory is.
      </p>
      <TextField
        label="Name"
        aside={`${name.length}/255`}
        value={name}
        onValue={setName}
        maxLength={255}
        placeholder="prepared"
        autoComplete="off"
      />
    </FormDialog>
  )
}
