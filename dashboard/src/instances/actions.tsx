/** What can be done with an instance, by the table that the server refuses by. */
import { type InstanceAction, whyNot } from '@garrison/contract/instances/states'
import { useMutation } from '@tanstack/react-query'
import { Camera, CirclePlay, CircleStop, MoonStar, RotateCw, Sunrise, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { CreateSnapshotDialog } from '../snapshots/create-snapshot-dialog.tsx'
import type { Asking } from '../ui/asking.ts'
import type { MenuAction } from '../ui/menu.tsx'
import { tellProblem } from '../ui/toast.tsx'
import { changeInstance, type InstanceChange } from './change-instance.ts'
import { DeleteInstanceDialog } from './delete-instance-dialog.tsx'
import { HibernateDialog } from './hibernate-dialog.tsx'
import type { InstanceAsked } from './routes.ts'
import type { Instance } from './use-instance.ts'

/** As the list and the details have it. */
export type Acted = Pick<
  Instance,
  'instance_id' | 'vm_name' | 'status' | 'hourly_rate' | 'currency' | 'gpu_count' | 'storage_gb'
>

const mark = 'size-4'
const plain: Record<InstanceChange, { words: string; icon: ReactNode }> = {
  start: { words: 'Start', icon: <CirclePlay aria-hidden className={mark} /> },
  stop: { words: 'Stop', icon: <CircleStop aria-hidden className={mark} /> },
  reboot: { words: 'Reboot', icon: <RotateCw aria-hidden className={mark} /> },
  restore: { words: 'Restore', icon: <Sunrise aria-hidden className={mark} /> },
}

export type InstanceActionRow = MenuAction & { readonly action: InstanceAction }

/** Rows for a menu or for buttons, and the dialogs that they open; `asking` keeps which of these is open. */
export function useInstanceActions(
  instance: Acted,
  [asked, ask]: Asking<InstanceAsked>,
): {
  actions: readonly InstanceActionRow[]
  dialogs: ReactNode
} {
  const { instance_id, status } = instance
  const run = useMutation({
    mutationFn: (action: InstanceChange) => changeInstance(instance_id, action),
    onError: tellProblem,
  })
  const close = () => ask(null)
  const row = (action: InstanceChange): InstanceActionRow => ({
    action,
    ...plain[action],
    reason: run.isPending ? 'Wait a moment' : whyNot(action, status),
    onClick: () => run.mutate(action),
  })
  const asking = (action: InstanceAsked, words: string, icon: ReactNode): InstanceActionRow => ({
    action,
    words,
    icon,
    reason: whyNot(action, status),
    onClick: () => ask(action),
    danger: action === 'delete',
  })
  return {
    actions: [
      row('start'),
      row('stop'),
      row('reboot'),
      asking('hibernate', 'Hibernate', <MoonStar aria-hidden className={mark} />),
      row('restore'),
      asking('snapshot', 'Snapshot', <Camera aria-hidden className={mark} />),
      asking('delete', 'Delete', <Trash2 aria-hidden className={mark} />),
    ],
    dialogs: (
      <>
        {asked === 'hibernate' && <HibernateDialog instance={instance} onClose={close} />}
        {asked === 'delete' && <DeleteInstanceDialog instance={instance} onClose={close} />}
        <CreateSnapshotDialog
          open={asked === 'snapshot'}
          onClose={close}
          instanceId={instance_id}
        />
      </>
    ),
  }
}
