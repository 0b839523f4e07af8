import { vmName } from '@garrison/contract/microvms/facts'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { GitFork } from 'lucide-react'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextField } from '../ui/fields.tsx'
import type { Vm } from './vm.ts'

/** A second one that goes on from the same moment. */
export function ForkDialog({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const fork = useMutation({
    mutationFn: () =>
      post('/v1/vms/{vm_id}/clone', {
        params: { vm_id: vm.vm_id },
        query: { wait: false },
        body: name.trim() === '' ? {} : { snapshot_name: name.trim() },
      }),
    onSuccess: async ({ vm_id }) => {
      await stale('/v1/vms', '/v1/snapshots')
      onClose()
      if (vm_id !== null) void navigate({ to: '/microvms/$id', params: { id: vm_id } })
    },
  })
  return (
    <FormDialog
      title="Fork microVM"
      icon={<GitFork aria-hidden className="size-5 text-ink-3" />}
      open
      onClose={onClose}
      onSubmit={() => fork.mutate()}
      submit="Fork"
      submitting="Forking…"
      pending={fork.isPending}
      error={fork.error}
    >
      <p>
        A second microVM goes on from this moment of <strong>{vmName(vm)}</strong>: its memory, its
        disk, what runs in it. It has an identity of its own, and is charged like any other. This
        one goes on as it is.
      </p>
      <TextField
        label="Keep the snapshot as"
        placeholder="Leave it empty to keep none"
        value={name}
        onValue={setName}
        maxLength={255}
        hint="Between the two lies a snapshot. With a name it stays, to begin more from."
        autoComplete="off"
      />
    </FormDialog>
  )
}
