/** What can be done with a microVM, by the table that the server refuses by. */
import { useMutation } from '@tanstack/react-query'
import { Camera, Clock, GitFork, MoonStar, Sunrise, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Asking } from '../ui/asking.ts'
import type { MenuAction } from '../ui/menu.tsx'
import { tellProblem } from '../ui/toast.tsx'
import { changeVm } from './change-vm.ts'
import { DeleteVmDialog } from './delete-vm-dialog.tsx'
import { ForkDialog } from './fork-dialog.tsx'
import { LifetimeDialog } from './lifetime-dialog.tsx'
import type { VmAsked } from './routes.ts'
import { TakeSnapshotDialog } from './take-snapshot-dialog.tsx'
import { type Vm, whyNotVm } from './vm.ts'

const mark = 'size-4'

export type VmActionRow = MenuAction & { readonly key: string }

/** Rows for a menu or for buttons, and the dialogs that they open; `asking` keeps which of these is open. */
export function useVmActions(
  vm: Vm,
  [asked, ask]: Asking<VmAsked>,
): { actions: readonly VmActionRow[]; dialogs: ReactNode } {
  const { vm_id, status } = vm
  const change = useMutation({
    mutationFn: (verb: 'suspend' | 'resume') => changeVm(vm_id, verb),
    onError: tellProblem,
  })
  const close = () => ask(null)
  const row = (verb: 'suspend' | 'resume', words: string, icon: ReactNode): VmActionRow => ({
    key: verb,
    words,
    icon,
    reason: change.isPending ? 'Wait a moment' : whyNotVm(verb, status),
    onClick: () => change.mutate(verb),
  })
  const asking = (
    key: VmAsked,
    action: Parameters<typeof whyNotVm>[0],
    words: string,
    icon: ReactNode,
  ): VmActionRow => ({
    key,
    words,
    icon,
    reason: whyNotVm(action, status),
    onClick: () => ask(key),
    danger: key === 'delete',
  })
  return {
    actions: [
      asking('fork', 'snapshot', 'Fork', <GitFork aria-hidden className={mark} />),
      asking('snapshot', 'snapshot', 'Snapshot', <Camera aria-hidden className={mark} />),
      row('suspend', 'Suspend', <MoonStar aria-hidden className={mark} />),
      row('resume', 'Resume', <Sunrise aria-hidden className={mark} />),
      asking('lifetime', 'change', 'Lifetime', <Clock aria-hidden className={mark} />),
      asking('delete', 'delete', 'Delete', <Trash2 aria-hidden className={mark} />),
    ],
    dialogs: (
      <>
        {asked === 'fork' && <ForkDialog vm={vm} onClose={close} />}
        {asked === 'snapshot' && <TakeSnapshotDialog vm={vm} onClose={close} />}
        {asked === 'lifetime' && <LifetimeDialog vm={vm} onClose={close} />}
        {asked === 'delete' && <DeleteVmDialog vm={vm} onClose={close} />}
      </>
    ),
  }
}
