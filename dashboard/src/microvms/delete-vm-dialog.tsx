import { vmName } from '@garrison/contract/microvms/facts'
import { useMutation } from '@tanstack/react-query'
import { del } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import type { Vm } from './vm.ts'

export function DeleteVmDialog({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const { vm_id, snapshot_on_terminate, snapshot_name } = vm
  const remove = useMutation({
    mutationFn: () => del('/v1/vms/{vm_id}', { params: { vm_id }, query: { wait: false } }),
    onSuccess: async () => {
      await stale('/v1/vms', '/v1/snapshots', '/v1/sessions/', '/api/operations/')
      onClose()
    },
  })
  return (
    <ConfirmDelete
      kind="microVM"
      name={vmName(vm)}
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      pending={remove.isPending}
      error={remove.error}
    >
      <p className="text-ink-2">
        {snapshot_on_terminate
          ? `A snapshot${snapshot_name === null ? '' : ` “${snapshot_name}”`} is taken first, as it was made to. Then its`
          : 'Its'}{' '}
        memory, its disk and every file in it go with it, and so do the addresses of its shares. Its
        session stays: the next execution there begins a new, empty microVM.
      </p>
    </ConfirmDelete>
  )
}
