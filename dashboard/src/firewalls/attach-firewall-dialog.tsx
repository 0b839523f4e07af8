import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { reading, stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { Notice } from '../ui/notice.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'

export function AttachFirewallDialog({
  firewall,
  onClose,
}: {
  firewall: { id: string; name: string; region: string }
  onClose: () => void
}) {
  const list = useQuery(
    reading('/api/firewalls/available-instances/', {
      query: { firewall_id: firewall.id, region: firewall.region },
    }),
  )
  const machines = list.data?.vms ?? []
  const [chosen, setChosen] = useState<string | null>(null)
  const attach = useMutation({
    mutationFn: () =>
      post('/api/firewalls/{firewall_id}/attach/', {
        params: { firewall_id: firewall.id },
        body: { instance_ids: [chosen ?? ''] },
      }),
    onSuccess: async () => {
      await stale('/api/firewalls/', '/api/instances/')
      onClose()
    },
  })
  return (
    <FormDialog
      title={`Attach ${firewall.name}`}
      open
      onClose={onClose}
      onSubmit={() => attach.mutate()}
      submit="Attach firewall"
      submitting="Attaching…"
      pending={attach.isPending}
      error={attach.error}
      reason={chosen === null ? 'Choose an instance' : null}
    >
      {list.isPending && <Spinner words="Loading instances …" />}
      {list.data && machines.length === 0 && (
        <Notice tone="warning">No instance in {firewall.region} is running.</Notice>
      )}
      <fieldset className="border-t border-hairline">
        <legend className="sr-only">Instance</legend>
        {machines.map(({ instance_id, vm_name, status, is_attached }) => (
          <label
            key={instance_id}
            className="flex min-h-10 items-center gap-3 border-b border-hairline py-1"
          >
            <input
              type={is_attached ? 'checkbox' : 'radio'}
              name="instance"
              disabled={is_attached === true}
              checked={is_attached === true || chosen === instance_id}
              onChange={() => setChosen(instance_id)}
              className="size-4 shrink-0 accent-(--accent)"
            />
            <span className="grow">{vm_name}</span>
            {is_attached && <span className="text-sm text-ink-3">attached already</span>}
            <Status status={status} />
          </label>
        ))}
      </fieldset>
    </FormDialog>
  )
}
