import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { FormDialog } from '../ui/dialog.tsx'
import { plural } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { actOn, type BulkAction, bulkWords, sorted } from './bulk.ts'

type Row = Answer<'get', '/api/instances/'>['instances'][number]
type Failure = { readonly instance: Row; readonly why: string }

/** Names what is done to which, and what is left out, before anything happens. */
export function BulkDialog({
  action,
  instances,
  onClose,
  onDone,
}: {
  action: BulkAction
  instances: readonly Row[]
  onClose: () => void
  /** All of them went well. */
  onDone: () => void
}) {
  // As it was when the dialog opened: it must not change under the hand of whoever reads it.
  const [{ done: first, skipped }] = useState(() => sorted(action, instances))
  const [left, setLeft] = useState<readonly Row[]>(first)
  const [failures, setFailures] = useState<readonly Failure[]>([])
  const [at, setAt] = useState<number | null>(null)
  const { verb, working, effect } = bulkWords[action]
  async function run() {
    const failed: Failure[] = []
    setFailures([])
    for (const [index, instance] of left.entries()) {
      setAt(index + 1)
      try {
        await actOn(action, instance.instance_id)
      } catch (error) {
        failed.push({ instance, why: wordsOf(error) })
      }
    }
    await stale('/api/instances/', '/api/volumes/', '/api/operations/')
    setAt(null)
    if (failed.length === 0) return onDone()
    setLeft(failed.map(({ instance }) => instance))
    setFailures(failed)
  }
  return (
    <FormDialog
      title={`${verb} ${plural(left.length, 'instance')}`}
      open
      onClose={onClose}
      onSubmit={() => void run()}
      submit={
        failures.length > 0 ? 'Try these again' : `${verb} ${plural(left.length, 'instance')}`
      }
      submitting={`${working} ${at ?? 0} of ${left.length}`}
      pending={at !== null}
      look={action === 'delete' ? 'danger' : 'primary'}
      reason={left.length === 0 ? 'Nothing is left to do' : null}
    >
      {failures.length > 0 ? (
        <Notice tone="problem">
          {plural(first.length - left.length, 'instance')} went well; these did not:
          <Reasons of={failures} />
        </Notice>
      ) : (
        <>
          <p>{effect}</p>
          <ul aria-label={verb} className="max-h-48 overflow-y-auto">
            {left.map(({ instance_id, vm_name, region }) => (
              <li key={instance_id} className="flex justify-between gap-4 py-0.5">
                <span className="font-medium wrap-anywhere">{vm_name}</span>
                <span className="shrink-0 text-ink-3">{region}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {skipped.length > 0 && (
        <Notice>
          {plural(skipped.length, 'instance')} will be left out:
          <Reasons of={skipped} />
        </Notice>
      )}
    </FormDialog>
  )
}

const Reasons = ({ of }: { of: readonly Failure[] }) => (
  <ul className="mt-1 max-h-32 overflow-y-auto text-sm">
    {of.map(({ instance: { instance_id, vm_name }, why }) => (
      <li key={instance_id} className="wrap-anywhere">
        <span className="font-medium">{vm_name}</span>: {why}
      </li>
    ))}
  </ul>
)
