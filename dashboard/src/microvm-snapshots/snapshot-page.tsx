/** One snapshot of microVMs, with what its build prints. */
import { useSuspenseQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { Play, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { snapshotCostNow } from '../microvms/cost.ts'
import { Costs } from '../microvms/costs.tsx'
import { memoryWords } from '../microvms/vm.ts'
import { StepsOf } from '../operations/steps.tsx'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { bytes } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Status } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import { BuildLog } from './build-log.tsx'
import { DeleteMicrovmSnapshotDialog } from './delete-snapshot-dialog.tsx'
import {
  isSnapshotChanging,
  type MicrovmSnapshot,
  originWords,
  snapshotLook,
  titleOf,
  whyNotDelete,
  whyNotStart,
} from './snapshot.ts'

export function MicrovmSnapshotPage() {
  const { id } = useParams({ from: '/shell/microvms/snapshots/$id' })
  const navigate = useNavigate()
  const [deleting, setDeleting] = useState(false)
  const { data: snapshot } = useSuspenseQuery({
    ...reading('/v1/snapshots/{snapshot_id}', { params: { snapshot_id: id } }),
    refetchInterval: ({ state }) =>
      state.data && isSnapshotChanging(state.data.status) ? 1_500 : pollWhenBroken(),
  })
  const { status, last_error } = snapshot
  return (
    <Page
      guide="microvms"
      title={titleOf(snapshot)}
      lead={
        <span className="inline-flex flex-wrap items-center gap-x-3">
          <Status status={status} look={snapshotLook(status)} why={last_error} />
          <Copyable text={id} name="Copy id" />
        </span>
      }
      calls={[
        { method: 'GET', path: `/v1/snapshots/${id}` },
        {
          method: 'GET',
          path: `/v1/snapshots/${id}/build-log`,
          command: `garrison vm snapshot log ${id}`,
        },
        {
          method: 'POST',
          path: '/v1/vms',
          body: { snapshot_id: id },
          command: `garrison vm create --snapshot ${id}`,
        },
      ]}
      action={
        <Button
          look="primary"
          icon={<Play aria-hidden className="size-4" />}
          reason={whyNotStart(snapshot)}
          onClick={() => void navigate({ to: '/microvms', search: { create: true, snapshot: id } })}
        >
          Start microVM
        </Button>
      }
    >
      <div className="flex flex-wrap gap-2" data-print="no">
        <Button
          look="danger-ask"
          icon={<Trash2 aria-hidden className="size-4" />}
          reason={whyNotDelete(snapshot)}
          onClick={() => setDeleting(true)}
        >
          {isSnapshotChanging(status) ? 'Stop and delete' : 'Delete'}
        </Button>
      </div>
      {last_error && <Notice tone="problem">{last_error}</Notice>}
      <StepsOf subject={id} />
      <Section title="What it is">
        <Facts columns={2} facts={factsOf(snapshot)} />
      </Section>
      <Costs
        id={id}
        columns={2}
        now={(billing) => (billing ? snapshotCostNow(snapshot, billing.records[0]) : null)}
      />
      {snapshot.snapshot_type !== 'vm' && (
        <Section title="Build log">
          <BuildLog id={id} />
        </Section>
      )}
      {deleting && (
        <DeleteMicrovmSnapshotDialog
          snapshot={snapshot}
          onClose={() => setDeleting(false)}
          onDeleted={() => void navigate({ to: '/microvms/snapshots' })}
        />
      )}
    </Page>
  )
}

function factsOf(snapshot: MicrovmSnapshot): [string, React.ReactNode][] {
  const { vcpu_count, memory_mb, size_bytes, created_at, updated_at, source_vm_id } = snapshot
  return [
    [
      'Of',
      source_vm_id === null ? (
        <span key="of" className="wrap-anywhere">
          {originWords(snapshot)}
        </span>
      ) : (
        <Link
          key="of"
          to="/microvms/$id"
          params={{ id: source_vm_id }}
          className="wrap-anywhere hover:text-accent"
        >
          {source_vm_id}
        </Link>
      ),
    ],
    ['Whose', snapshot.type === 'system' ? 'Public' : 'Yours'],
    ['vCPUs', vcpu_count],
    ['Memory', memory_mb && memoryWords(memory_mb)],
    ['Size', size_bytes > 0 ? bytes(size_bytes) : 'not known yet'],
    ['Created', <Time key="created" at={created_at} exact />],
    ['Changed', <Time key="changed" at={updated_at} exact />],
  ]
}
