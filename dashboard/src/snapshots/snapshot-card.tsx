import { whyNot } from '@garrison/contract/snapshots/states'
import { Camera, Info, RotateCcw, Trash2 } from 'lucide-react'
import type { Answer } from '../api/client.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { Card, Facts } from '../ui/card.tsx'
import { gigabytes } from '../ui/format.ts'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'

export type Snapshot = Answer<'get', '/api/snapshots/'>['snapshots'][number]
export type SnapshotAsk = 'details' | 'restore' | 'delete' | 'image'

export function SnapshotCard({
  snapshot,
  onAsk,
}: {
  snapshot: Snapshot
  onAsk: (what: SnapshotAsk) => void
}) {
  const { name, status, size_gb, region, created_at, is_image, error, pinned } = snapshot
  return (
    <Card
      title={name}
      mark={<Camera aria-hidden className="size-4" />}
      status={
        <span className="inline-flex items-center gap-1">
          <Status status={status} why={error} />
          <IconButton
            name={`Details of ${name}`}
            icon={<Info aria-hidden className="size-4" />}
            onClick={() => onAsk('details')}
          />
        </span>
      }
      actions={
        <>
          <Button
            icon={<RotateCcw aria-hidden className="size-4" />}
            reason={whyNot('restore', status)}
            onClick={() => onAsk('restore')}
          >
            Restore
          </Button>
          <Button
            look="quiet"
            reason={whyNot('create-image', status)}
            onClick={() => onAsk('image')}
          >
            Create image
          </Button>
          <span className="grow" />
          <IconButton
            name={`Delete ${name}`}
            icon={<Trash2 aria-hidden className="size-4 text-problem" />}
            reason={pinned ? 'It is pinned; unpin it first' : whyNot('delete', status)}
            onClick={() => onAsk('delete')}
          />
        </>
      }
    >
      <Facts
        facts={[
          ['Size', status === 'CREATING' ? 'is being taken' : gigabytes(size_gb)],
          ['Region', region],
          ['Created', <Time key="created" at={created_at} />],
          ['Type', is_image ? 'Image' : 'VM Snapshot'],
        ]}
      />
      {error && <p className="mt-2 text-sm text-problem">{error}</p>}
    </Card>
  )
}
