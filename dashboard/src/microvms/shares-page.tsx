/** Ports of microVMs at addresses of their own. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Empty } from '../ui/empty.tsx'
import { plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { MicrovmTabs } from './microvm-tabs.tsx'
import { ShareDialog } from './share-dialog.tsx'
import { SharesTable } from './shares-table.tsx'

export function SharesPage() {
  const { create } = useSearch({ from: '/shell/microvms/shares' })
  const navigate = useNavigate({ from: '/microvms/shares' })
  const list = useQuery({ ...reading('/v1/shares'), refetchInterval: pollWhenBroken })
  const open = (on: boolean) =>
    void navigate({ search: { create: on || undefined }, replace: true })
  const shareButton = (
    <Button look="primary" onClick={() => open(true)}>
      Share a port
    </Button>
  )
  return (
    <Page
      guide="microvms"
      title="Shares"
      lead={list.data && plural(list.data.length, 'share')}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[{ method: 'GET', path: '/v1/shares' }]}
      action={shareButton}
    >
      <MicrovmTabs />
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="shares" />}
      {list.data &&
        (list.data.length > 0 ? (
          <SharesTable rows={list.data} />
        ) : (
          <Empty
            title="No share yet"
            action={shareButton}
            call={({ vm }) => ({
              method: 'POST',
              path: '/v1/shares',
              body: { vm_id: vm.id, port: 8080, is_public: true },
              command: `garrison vm share create ${vm.id} 8080 --public`,
            })}
          >
            A share gives a port of a microVM an address of its own, for everybody or for whoever
            has a key of your account: to show what is being made, or to let an agent’s work be
            tried. It ends with its microVM.
          </Empty>
        ))}
      {create && <ShareDialog onClose={() => open(false)} />}
    </Page>
  )
}
