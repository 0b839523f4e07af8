import { useQuery } from '@tanstack/react-query'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { OperationsTable } from '../operations/operations-table.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { useVm } from './use-vm.ts'

export function ActivityTab() {
  const { vm_id } = useVm()
  const list = useQuery({
    ...reading('/api/operations/', { query: { subject: vm_id, page_size: 50 } }),
    refetchInterval: pollWhenBroken,
  })
  if (list.isError) return <Problem error={list.error} onRetry={() => void list.refetch()} />
  if (list.data === undefined) return <Loading what="activity" />
  return <OperationsTable rows={list.data.operations} />
}
