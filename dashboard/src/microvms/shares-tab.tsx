import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { ShareDialog } from './share-dialog.tsx'
import { SharesTable } from './shares-table.tsx'
import { useVm } from './use-vm.ts'
import { whyNotVm } from './vm.ts'

export function SharesTab() {
  const { vm_id, status } = useVm()
  const [sharing, setSharing] = useState(false)
  const list = useQuery({ ...reading('/v1/shares'), refetchInterval: pollWhenBroken })
  const rows = list.data?.filter((share) => share.vm_id === vm_id)
  return (
    <Section
      title="Shares"
      aside={
        <Button reason={whyNotVm('execute', status)} onClick={() => setSharing(true)}>
          Share a port
        </Button>
      }
    >
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="shares" />}
      {rows && rows.length > 0 && <SharesTable rows={rows} />}
      {rows?.length === 0 && (
        <p className="max-w-prose text-ink-2">
          No port of it is shared. A share has an address of its own, for everybody or for whoever
          has a key of your account, and ends with the microVM.
        </p>
      )}
      {sharing && <ShareDialog vmId={vm_id} onClose={() => setSharing(false)} />}
    </Section>
  )
}
