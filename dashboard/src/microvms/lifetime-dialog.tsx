import { vmName } from '@garrison/contract/microvms/facts'
import { useMutation } from '@tanstack/react-query'
import { Clock } from 'lucide-react'
import { useState } from 'react'
import { patch } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { SelectField, Switch, TextField } from '../ui/fields.tsx'
import { localTime } from '../ui/format.ts'
import { useNow } from '../ui/time.tsx'
import { TimeLeft } from './time-left.tsx'
import { lifetimes, type Vm } from './vm.ts'

/** When it ends, and what is kept of it then. */
export function LifetimeDialog({ vm, onClose }: { vm: Vm; onClose: () => void }) {
  const now = useNow()
  const [seconds, setSeconds] = useState('')
  const [keep, setKeep] = useState(vm.snapshot_on_terminate)
  const [name, setName] = useState(vm.snapshot_name ?? '')
  const change = useMutation({
    mutationFn: () =>
      patch('/v1/vms/{vm_id}', {
        params: { vm_id: vm.vm_id },
        body: {
          ...(seconds === '' ? {} : { vm_lifetime_seconds: Number(seconds) }),
          snapshot_on_terminate: keep,
          ...(keep && name.trim() !== '' ? { snapshot_name: name.trim() } : {}),
        },
      }),
    onSuccess: async () => {
      await stale('/v1/vms', '/v1/sessions/')
      onClose()
    },
  })
  const ends = seconds === '' ? null : localTime(new Date(now.getTime() + Number(seconds) * 1_000))
  return (
    <FormDialog
      title="Lifetime"
      icon={<Clock aria-hidden className="size-5 text-ink-3" />}
      open
      onClose={onClose}
      onSubmit={() => change.mutate()}
      submit="Change"
      submitting="Changing…"
      pending={change.isPending}
      error={change.error}
    >
      <p>
        <strong>{vmName(vm)}</strong> ends by itself, with everything in it. Left:{' '}
        <TimeLeft vm={vm} />.
      </p>
      <SelectField
        label="From now on"
        value={seconds}
        onValue={setSeconds}
        choices={[{ value: '', words: 'Leave it as it is' }, ...lifetimes]}
        hint={ends === null ? 'It may become shorter as well.' : `It ends on ${ends}.`}
      />
      <Switch
        label="Take a snapshot when it ends"
        hint="Whatever ends it: its time, or somebody who deletes it."
        checked={keep}
        onChecked={setKeep}
      />
      {keep && (
        <TextField
          label="Name of the snapshot"
          value={name}
          onValue={setName}
          maxLength={255}
          autoComplete="off"
        />
      )}
    </FormDialog>
  )
}
