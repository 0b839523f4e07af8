import { whyNot } from '@garrison/contract/snapshots/states'
import {
  Camera,
  Disc3,
  Download,
  Ellipsis,
  Info,
  Pin,
  PinOff,
  RotateCcw,
  Trash2,
  Undo2,
} from 'lucide-react'
import type { Answer } from '../api/client.ts'
import { StepsOf } from '../operations/steps.tsx'
import { Button, IconButton } from '../ui/button.tsx'
import { Card, Facts } from '../ui/card.tsx'
import { gigabytes } from '../ui/format.ts'
import { Menu } from '../ui/menu.tsx'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import { ImportProgress } from './import-progress.tsx'
import { usePin } from './use-pin.ts'

export type Snapshot = Answer<'get', '/api/snapshots/'>['snapshots'][number]
export type SnapshotAsk = 'details' | 'restore' | 'delete' | 'image' | 'rollback' | 'export'

const mark = 'size-4'
const pinnedReason = 'It is pinned; unpin it first'

/** Nobody here took it: its file comes from elsewhere, and this is how far it is. */
export const isImported = (snapshot: Snapshot) => snapshot.instance_id === null

function sizeWords({ status, size_gb }: Snapshot) {
  if (status === 'CREATING') return 'not known yet'
  return status === 'ERROR' && size_gb === 0 ? 'nothing is held' : gigabytes(size_gb)
}

export function SnapshotCard({
  snapshot,
  onAsk,
}: {
  snapshot: Snapshot
  onAsk: (what: SnapshotAsk) => void
}) {
  const { id, name, status, region, created_at, is_image, error, pinned } = snapshot
  const pin = usePin(snapshot)
  return (
    <Card
      title={name}
      mark={<Camera aria-hidden className={mark} />}
      status={
        <span className="-mt-1.5 -mr-1.5 inline-flex items-center gap-1">
          {pinned && (
            <Pin role="img" aria-label="Pinned" className="size-3.5 shrink-0 text-ink-3" />
          )}
          <Status status={status} why={error} />
          <IconButton
            name={`Details of ${name}`}
            icon={<Info aria-hidden className={mark} />}
            onClick={() => onAsk('details')}
          />
        </span>
      }
      actions={
        <>
          <Button
            icon={<RotateCcw aria-hidden className={mark} />}
            aria-label={`Restore ${name}`}
            reason={whyNot('restore', status)}
            onClick={() => onAsk('restore')}
          >
            Restore
          </Button>
          <Button
            look="danger-ask"
            icon={<Trash2 aria-hidden className={mark} />}
            aria-label={`Delete ${name}`}
            reason={pinned ? pinnedReason : whyNot('delete', status)}
            onClick={() => onAsk('delete')}
          >
            Delete
          </Button>
          <span className="grow" />
          <Menu
            trigger={
              <IconButton
                name={`More for ${name}`}
                icon={<Ellipsis aria-hidden className={mark} />}
              />
            }
            actions={[
              {
                words: 'Create image',
                icon: <Disc3 aria-hidden className={mark} />,
                reason: whyNot('create-image', status),
                onClick: () => onAsk('image'),
              },
              {
                words: 'Roll back the VM',
                icon: <Undo2 aria-hidden className={mark} />,
                reason: isImported(snapshot)
                  ? 'It was imported: no VM here is what it was taken of'
                  : whyNot('rollback', status),
                onClick: () => onAsk('rollback'),
              },
              {
                words: 'Export',
                icon: <Download aria-hidden className={mark} />,
                reason: whyNot('export', status),
                onClick: () => onAsk('export'),
              },
              'line',
              {
                ...pin,
                icon: pinned ? (
                  <PinOff aria-hidden className={mark} />
                ) : (
                  <Pin aria-hidden className={mark} />
                ),
              },
            ]}
          />
        </>
      }
    >
      <Facts
        columns="card"
        facts={[
          ['Size', sizeWords(snapshot)],
          ['Region', region],
          ['Created', <Time key="created" at={created_at} />],
          ['Type', is_image ? 'Image' : 'VM Snapshot'],
        ]}
      />
      {error && <p className="mt-2 text-sm text-problem">{error}</p>}
      {status === 'CREATING' && isImported(snapshot) && <ImportProgress snapshot={snapshot} />}
      {(status === 'CREATING' || status === 'DELETING') && (
        <div className="mt-2 empty:hidden">
          <StepsOf subject={id} />
        </div>
      )}
    </Card>
  )
}
