import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { isNotFound } from '../api/errors.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Facts } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { gigabytes, rate } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Problem } from '../ui/panel.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import { MadeOfSnapshot } from './made-of.tsx'
import type { Snapshot } from './snapshot-card.tsx'

const consistencies = {
  filesystem: 'File systems were frozen for a moment',
  crash: 'As if the power had been cut',
}

/** `known`: what the list behind it says already. */
export function DetailsDialog({
  id,
  known,
  onClose,
}: {
  id: string
  known: Snapshot | undefined
  onClose: () => void
}) {
  const { data, error, refetch } = useQuery({
    ...reading('/api/snapshots/{snapshot_id}/', { params: { snapshot_id: id } }),
    refetchInterval: pollWhenBroken,
  })
  const gone = isNotFound(error)
  const read = data?.snapshot.id === id ? data.snapshot : known
  const snapshot = gone ? undefined : read
  return (
    <Dialog title={snapshot?.name ?? 'Snapshot'} open onClose={onClose}>
      <DialogBody>
        {snapshot && <Details snapshot={snapshot} />}
        {gone && (
          <Notice tone="warning">There is no such snapshot; it may have been deleted.</Notice>
        )}
        {snapshot === undefined && !gone && error && (
          <Problem error={error} onRetry={() => void refetch()} />
        )}
        {snapshot === undefined && !error && <Spinner words="Loading the snapshot …" />}
      </DialogBody>
    </Dialog>
  )
}

function Details({ snapshot }: { snapshot: Snapshot }) {
  const { currency } = useMe()
  const { id, gpu_type, gpu_count, consistency } = snapshot
  return (
    <>
      <Facts
        facts={[
          ['Name', snapshot.name],
          [
            'VM name',
            snapshot.instance_id === null ? (
              `${snapshot.vm_name}, imported`
            ) : (
              <Link
                key="vm"
                to="/instances/$id"
                params={{ id: snapshot.instance_id }}
                className="underline"
              >
                {snapshot.vm_name}
              </Link>
            ),
          ],
          ['Size', gigabytes(snapshot.size_gb)],
          ['Created', <Time key="created" at={snapshot.created_at} exact />],
          ['Status', <Status key="status" status={snapshot.status} why={snapshot.error} />],
          ['Problem', snapshot.error],
          ['Image', snapshot.is_image ? 'Yes' : 'No'],
          ['Pinned', snapshot.pinned ? 'Yes: nobody deletes it' : null],
          [
            'Taken by',
            snapshot.policy_id && (
              <Link
                key="policy"
                to="/snapshots/policies/$id"
                params={{ id: snapshot.policy_id }}
                className="underline"
              >
                Policy {snapshot.policy_id}
              </Link>
            ),
          ],
          ['Memory', snapshot.memory ? 'Kept: a restored machine continues' : 'Not kept'],
          ['Consistency', consistency && consistencies[consistency]],
          ['Costs', rate(snapshot.hourly_rate, currency)],
          ['Id', <Copyable key="id" text={snapshot.id} name="Copy id" />],
        ]}
      />
      <h3>VM configuration</h3>
      <Facts
        facts={[
          ['Region', snapshot.region],
          ['vCPUs', snapshot.vcpus],
          ['RAM', snapshot.ram_gb === null ? null : gigabytes(snapshot.ram_gb)],
          ['GPU', gpu_type && (gpu_count ? `${gpu_count} × ${gpu_type}` : 'None')],
          ['Disk', snapshot.disk_gb === null ? null : gigabytes(snapshot.disk_gb)],
        ]}
      />
      <MadeOfSnapshot id={id} />
      {snapshot.description && (
        <section
          aria-label="Description"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
          tabIndex={0}
          className="max-h-24 shrink-0 overflow-y-auto whitespace-pre-wrap rounded-md bg-sunken px-3 py-2"
        >
          {snapshot.description}
        </section>
      )}
    </>
  )
}
