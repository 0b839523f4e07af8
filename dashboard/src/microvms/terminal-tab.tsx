/** Terminals in a microVM. They go on when the page is closed, and are found again when it is opened. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Plus, SquareTerminal, X } from 'lucide-react'
import { useState } from 'react'
import { del, post } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Notice } from '../ui/notice.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { tellProblem } from '../ui/toast.tsx'
import { TerminalScreen } from './terminal-screen.tsx'
import { useVm } from './use-vm.ts'
import { whyNotVm } from './vm.ts'

const path = '/v1/vms/{vm_id}/pty/sessions'

export function TerminalTab() {
  const { vm_id, status } = useVm()
  const [chosen, setChosen] = useState<string | null>(null)
  const list = useQuery({
    ...reading(path, { params: { vm_id } }),
    refetchInterval: pollWhenBroken,
  })
  const open = useMutation({
    mutationFn: () => post(path, { params: { vm_id }, body: {} }),
    onSuccess: async ({ pty_id }) => {
      await stale(path)
      setChosen(pty_id)
    },
    onError: tellProblem,
  })
  const end = useMutation({
    mutationFn: (pty_id: string) => del(`${path}/{pty_id}`, { params: { vm_id, pty_id } }),
    onSuccess: () => stale(path),
    onError: tellProblem,
  })
  if (list.isError) return <Problem error={list.error} onRetry={() => void list.refetch()} />
  if (list.data === undefined) return <Loading what="terminals" />
  const running = list.data.filter((pty) => pty.status === 'running')
  const shown = running.find(({ pty_id }) => pty_id === chosen) ?? running.at(-1)
  const reason = whyNotVm('execute', status)
  const openButton = (
    <Button
      look={shown === undefined ? 'primary' : 'plain'}
      icon={
        shown === undefined ? (
          <SquareTerminal aria-hidden className="size-4" />
        ) : (
          <Plus aria-hidden className="size-4" />
        )
      }
      busy={open.isPending && 'Opening…'}
      reason={reason}
      onClick={() => open.mutate()}
    >
      {shown === undefined ? 'Open terminal' : 'Another one'}
    </Button>
  )
  if (shown === undefined)
    return (
      <div className="flex flex-col items-start gap-4">
        {reason !== null && <Notice>{reason}.</Notice>}
        <p className="max-w-prose text-ink-2">
          A shell of its own in this microVM, as root. It goes on when you leave this page, and you
          find it here when you come back; it ends with the microVM, when that is suspended, and
          when the server is started anew.
        </p>
        {openButton}
      </div>
    )
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        {running.length > 1 && (
          <select
            aria-label="Terminal"
            value={shown.pty_id}
            onChange={(event) => setChosen(event.target.value)}
            className="h-(--control) rounded-md border border-edge/70 bg-raised px-2"
          >
            {running.map(({ pty_id }, index) => (
              <option key={pty_id} value={pty_id}>
                Terminal {index + 1}
              </option>
            ))}
          </select>
        )}
        {openButton}
        <Button
          icon={<X aria-hidden className="size-4" />}
          busy={end.isPending && 'Ending…'}
          onClick={() => end.mutate(shown.pty_id)}
        >
          End it
        </Button>
      </div>
      <TerminalScreen
        key={shown.pty_id}
        path={`/v1/vms/${vm_id}/pty/sessions/${shown.pty_id}/connect`}
        onEnd={() => void stale(path)}
      />
    </div>
  )
}
