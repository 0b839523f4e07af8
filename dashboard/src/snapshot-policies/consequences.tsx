import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { reading } from '../api/queries.ts'
import { plural } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Time } from '../ui/time.tsx'
import type { Counts } from './keeping.ts'
import type { Policy } from './policy-state.ts'

/** What would go with other counts, before they are saved. */
export function Consequences({
  policy,
  counts,
  chosen,
}: {
  policy: Policy
  counts: Counts
  chosen: readonly string[]
}) {
  const query = useDeferredValue(counts)
  const { data } = useQuery(
    reading('/api/snapshot-policies/{policy_id}/preview/', {
      params: { policy_id: policy.id },
      query,
    }),
  )
  if (data === undefined) return null
  // What is let go of keeps its snapshots.
  const own = data.instances.filter(({ instance_id }) => chosen.includes(instance_id))
  const going = own.flatMap(({ snapshots }) =>
    snapshots.filter((each) => !each.keep && each.snapshot_id !== null),
  )
  const letGo = policy.instances.filter(({ instance_id }) => !chosen.includes(instance_id))
  return (
    <>
      {going.length > 0 && (
        <Notice tone="warning">
          With these numbers {plural(going.length, 'snapshot')} will be deleted after the next good
          one:
          <ul className="mt-1 max-h-28 overflow-y-auto text-sm">
            {going.map((each) => (
              <li key={each.snapshot_id}>
                {each.name}, <Time at={each.created_at} />
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {letGo.length > 0 && (
        <p className="text-sm text-ink-3">
          Nothing more is taken of {letGo.map(({ vm_name }) => vm_name).join(', ')}; the snapshots
          of {letGo.length === 1 ? 'it' : 'them'} stay.
        </p>
      )}
    </>
  )
}
