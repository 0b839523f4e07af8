import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { TextArea } from '../ui/fields.tsx'
import { plural } from '../ui/format.ts'
import { type Host, machinesOn } from './capacity.ts'

/** Lets nothing new onto a host, or takes that back. */
export function DrainDialog({ host, onClose }: { host: Host; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const params = { region: host.region, host: host.name }
  const again = host.drained !== null
  const change = useMutation({
    mutationFn: () =>
      again
        ? post('/api/operator/hosts/{region}/{host}/undrain/', { params })
        : post('/api/operator/hosts/{region}/{host}/drain/', {
            params,
            body: reason.trim() === '' ? {} : { reason: reason.trim() },
          }),
    onSuccess: async () => {
      await stale('/api/operator/hosts/', '/api/gpu-stocks/', '/api/flavors/')
      onClose()
    },
  })
  const machines = machinesOn(host)
  return (
    <FormDialog
      title={again ? 'Let the host take machines' : 'Drain host'}
      open
      onClose={onClose}
      onSubmit={() => change.mutate()}
      submit={again ? 'Take machines again' : 'Drain host'}
      submitting={again ? 'Opening…' : 'Draining…'}
      pending={change.isPending}
      error={change.error}
    >
      {again ? (
        <p>
          <strong className="font-semibold">{host.name}</strong> may be deployed to, started on and
          restored to again, and its room counts as stock.
          {host.drained?.reason && ` It was drained because: ${host.drained.reason}`}
        </p>
      ) : (
        <>
          <p>
            Nothing new is deployed, started or restored on{' '}
            <strong className="font-semibold">{host.name}</strong>, and its room is no stock.{' '}
            {machines === 0
              ? 'It has no machines.'
              : `Its ${plural(machines, 'machine')} stay as they are; one that is stopped cannot be started until this is taken back.`}
          </p>
          <TextArea
            label="Reason"
            aside="may be left out"
            hint="For the audit log and for others who run this installation."
            maxLength={500}
            value={reason}
            onValue={setReason}
            placeholder="New disks on Thursday"
          />
        </>
      )}
    </FormDialog>
  )
}
