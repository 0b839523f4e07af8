/** From rows to what the API answers. */
import type {
  SnapshotPolicy as PolicyAnswer,
  PolicyPreview,
} from '@garrison/contract/snapshot-policies/routes'
import type { SnapshotPolicyService } from './service.ts'
import type { CoveredInstance, Policy } from './store.ts'

export const policyAnswer = (
  policy: Policy,
  instances: readonly CoveredInstance[],
): PolicyAnswer => ({
  id: policy.public_id,
  name: policy.name,
  description: policy.description,
  hourly: policy.hourly,
  daily: policy.daily,
  weekly: policy.weekly,
  monthly: policy.monthly,
  offset_minutes: policy.offset_minutes,
  instances: instances.map((each) => ({
    instance_id: each.instance_public_id,
    vm_name: each.vm_name,
    last_success_at: each.last_success_at?.toISOString() ?? null,
    last_error: each.last_error,
    last_error_at: each.last_error_at?.toISOString() ?? null,
    skip_reason: each.skip_reason,
    skipped_at: each.skipped_at?.toISOString() ?? null,
    next_run_at: each.try_at.toISOString(),
  })),
  created_at: policy.created_at.toISOString(),
  updated_at: policy.updated_at.toISOString(),
})

type Preview = Awaited<ReturnType<SnapshotPolicyService['preview']>>['instances'][number]

export const previewAnswer = ({ instance, next, verdicts }: Preview): PolicyPreview => ({
  instance_id: instance.instance_public_id,
  vm_name: instance.vm_name,
  next: {
    at: next.at.toISOString(),
    frequency: next.frequency,
    name: next.name,
    obstacle: next.obstacle,
  },
  snapshots: verdicts.map(({ snapshot, keep, reasons }) => {
    const present = 'public_id' in snapshot ? snapshot : null
    return {
      snapshot_id: present?.public_id ?? null,
      name: present?.name ?? next.name,
      status: present?.status ?? null,
      created_at: (present?.created_at ?? next.at).toISOString(),
      pinned: snapshot.pinned,
      keep,
      reasons: [...reasons],
    }
  }),
})
