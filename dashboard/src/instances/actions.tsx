/** What can be done with an instance, by the table that the server refuses by. */
import { type InstanceAction, whyNot } from '@garrison/contract/instances/states'
import { useMutation } from '@tanstack/react-query'
import { Camera, CirclePlay, CircleStop, MoonStar, RotateCw, Sunrise, Trash2 } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { post } from '../api/client.ts'
import { stale } from '../api/queries.ts'
import { CreateSnapshotDialog } from '../snapshots/create-snapshot-dialog.tsx'
import type { MenuAction } from '../ui/menu.tsx'
import { tellProblem } from '../ui/toast.tsx'
import { DeleteInstanceDialog } from './delete-instance-dialog.tsx'
import { HibernateDialog } from './hibernate-dialog.tsx'
import type { Instance } from './use-instance.ts'

/** As the list and the details have it. */
export type Acted = Pick<
  Instance,
  'instance_id' | 'vm_name' | 'status' | 'hourly_rate' | 'currency' | 'gpu_count' | 'storage_gb'
>

type Plain = 'start' | 'stop' | 'reboot' | 'restore'
type Asked = 'hibernate' | 'snapshot' | 'delete'

const mark = 'size-4'
const plain: Record<Plain, { words: string; icon: ReactNode }> = {
  start: { words: 'Start', icon: <CirclePlay aria-hidden className={mark} /> },
  stop: { words: 'Stop', icon: <CircleStop aria-hidden className={mark} /> },
  reboot: { words: 'Reboot', icon: <RotateCw aria-hidden className={mark} /> },
  restore: { words: 'Restore', icon: <Sunrise aria-hidden className={mark} /> },
}

const act = (action: Plain, instance_id: string) => {
  const params = { instance_id }
  switch (action) {
    case 'start':
      return post('/api/instances/{instance_id}/start/', { params })
    case 'stop':
      return post('/api/instances/{instance_id}/stop/', { params })
    case 'reboot':
      return post('/api/instances/{instance_id}/reboot/', { params })
    case 'restore':
      return post('/api/instances/{instance_id}/restore/', { params })
  }
}

export type InstanceActionRow = MenuAction & { readonly action: InstanceAction }

/** Rows for a menu or for buttons, and the dialogs that they open. */
export function useInstanceActions(instance: Acted): {
  actions: readonly InstanceActionRow[]
  dialogs: ReactNode
} {
  const { instance_id, status } = instance
  const [asked, setAsked] = useState<Asked | null>(null)
  const run = useMutation({
    mutationFn: (action: Plain) => act(action, instance_id),
    onSuccess: () => stale('/api/instances/', '/api/operations/'),
    onError: tellProblem,
  })
  const close = () => setAsked(null)
  const row = (action: Plain): InstanceActionRow => ({
    action,
    ...plain[action],
    reason: run.isPending ? 'Wait a moment' : whyNot(action, status),
    onClick: () => run.mutate(action),
  })
  const asking = (action: Asked, words: string, icon: ReactNode): InstanceActionRow => ({
    action,
    words,
    icon,
    reason: whyNot(action, status),
    onClick: () => setAsked(action),
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
