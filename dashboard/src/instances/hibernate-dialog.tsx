import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { Checkbox } from '../ui/fields.tsx'
import { money } from '../ui/format.ts'
import type { Acted } from './actions.tsx'

export function HibernateDialog({ instance, onClose }: { instance: Acted; onClose: () => void }) {
  const { instance_id, vm_name, gpu_count, hourly_rate, currency } = instance
  const [retainIp, setRetainIp] = useState(false)
  const [retainCapacity, setRetainCapacity] = useState(false)
  const hibernate = useMutation({
    mutationFn: () =>
      post('/api/instances/{instance_id}/hibernate/', {
        params: { instance_id },
        body: { retain_ip: retainIp, retain_capacity: retainCapacity },
      }),
    onSuccess: async () => {
      await stale('/api/instances/', '/api/operations/')
      onClose()
    },
  })
  return (
    <FormDialog
      title={`Hibernate ${vm_name}`}
      open
      onClose={onClose}
      onSubmit={() => hibernate.mutate()}
      submit="Hibernate"
      submitting="Hibernating…"
      pending={hibernate.isPending}
      error={hibernate.error}
    >
      <p>
        {gpu_count > 0
          ? 'It is shut down and its disk is kept; what is in memory is lost, for a GPU cannot be put to sleep.'
          : 'Memory and disk are kept, and it goes on later where it is now.'}{' '}
        Until then it costs a fraction of {money(hourly_rate, currency)} an hour.
      </p>
      <Checkbox
        label="Keep the public address"
        hint="Otherwise it is given up, and there is another one after waking up."
        checked={retainIp}
        onChecked={setRetainIp}
      />
      <Checkbox
        label="Keep its room"
        hint="Processor, memory and GPUs stay reserved, at the full price. Otherwise waking up needs free room."
        checked={retainCapacity}
        onChecked={setRetainCapacity}
      />
    </FormDialog>
  )
}
