/** The rules for snapshot policies: what they cover, and what they would do. `scheduler.ts` does it. */
import { whyNot } from '@garrison/contract/instances/states'
import { type Frequency, frequencies } from '@garrison/contract/snapshot-policies/frequencies'
import {
  type ChangeSnapshotPolicyRequest,
  type CreateSnapshotPolicyRequest,
  policiesPerAccount,
} from '@garrison/contract/snapshot-policies/routes'
import type { AuditEntry } from '../accounts/audit.ts'
import { changes } from '../accounts/changes.ts'
import type { AccountService } from '../accounts/service.ts'
import { bearingKey, type Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { counter } from '../database/counters.ts'
import { type Database, isUniqueViolation, type Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, NameTaken, NotFound, ValidationError } from '../errors.ts'
import { recordChange } from '../events/changes.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import type { InstanceService } from '../instances/service.ts'
import {
  type Counts,
  latestSlot,
  nextSlot,
  type Schedule,
  snapshotName,
  type Taken,
  verdicts,
} from './rules.ts'
import * as store from './store.ts'

export type SnapshotPolicyServiceDeps = {
  clock: Clock
  regions: Regions
  accounts: AccountService
  instances: InstanceService
}

/** A snapshot is taken within this time, or something is wrong. */
const graceMs = 60 * 60_000

export function createSnapshotPolicyService(deps: SnapshotPolicyServiceDeps) {
  const { clock, regions, accounts, instances } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const policy = await store.findPolicy(db, caller.accountId, id)
    if (policy === undefined) throw new NotFound('Snapshot policy', id)
    return policy
  }

  async function lock(tx: Tx, caller: Caller, id: string) {
    const policy = await store.lockPolicy(tx, caller.accountId, id)
    if (policy === undefined) throw new NotFound('Snapshot policy', id)
    return policy
  }

  const tellOf = (
    tx: Tx,
    caller: Caller,
    verb: 'create' | 'change' | 'delete',
    { public_id, name }: Pick<store.Policy, 'public_id' | 'name'>,
    detail: Record<string, unknown>,
    values: Pick<AuditEntry, 'before' | 'after'> = {},
  ) =>
    recordChange(
      tx,
      caller,
      {
        action: `snapshot-policy.${verb}`,
        kind: `snapshot-policy.${verb}d`,
        subjectKind: 'snapshot-policy',
        subjectId: public_id,
        detail,
        ...values,
        data: { name },
      },
      clock.now(),
    )

  async function requireNameFree(tx: Tx, caller: Caller, name: string, except: string | null) {
    if (await store.isPolicyNameTaken(tx, caller.accountId, name, except)) throw taken(name)
  }

  /** Always in the same order, so that two requests do not wait for one another. */
  async function cover(tx: Tx, caller: Caller, policy: store.Policy, ids: readonly string[]) {
    const now = clock.now()
    const { at } = nextSlot(scheduleOf(policy), now)
    for (const id of [...ids].sort()) {
      const { instance } = await instances.lock(tx, caller, id)
      if (instance.status === 'DELETING' || instance.status === 'DELETED') {
        throw new ValidationError({ instance_ids: [`${id} is ${instance.status}; leave it out.`] })
      }
      if (!regions.capabilities(instance.region).snapshot) {
        throw new DomainError(
          'TIER_NOT_SUPPORTED',
          `${instance.region} cannot take snapshots, so ${id} cannot be covered; leave it out`,
        )
      }
      await store.insertCoverage(tx, {
        policy_id: policy.id,
        instance_id: instance.id,
        account_id: caller.accountId,
        due_at: at,
        try_at: at,
        // It may have been covered before.
        thin_at: now,
        created_at: now,
      })
    }
  }

  async function withInstances(db: Database | Tx, policies: readonly store.Policy[]) {
    const [first] = policies
    if (first === undefined) return []
    const ids = policies.map((policy) => policy.id)
    const covered = await store.coverageOf(db, first.account_id, ids)
    return policies.map((policy) => ({
      policy,
      instances: covered.filter((each) => each.policy_id === policy.id),
    }))
  }

  async function get(db: Database | Tx, caller: Caller, id: string) {
    const policy = await require(db, caller, id)
    return { policy, instances: await store.coverageOf(db, caller.accountId, [policy.id]) }
  }

  return {
    get,

    async list(db: Database, caller: Caller, search: string | undefined, range: Range) {
      const { rows, total } = await store.pageOfPolicies(db, caller.accountId, search, range)
      return { rows: await withInstances(db, rows), total }
    },

    async create(tx: Tx, caller: Caller, input: CreateSnapshotPolicyRequest) {
      await accounts.lock(tx, caller.accountId)
      await requireNameFree(tx, caller, input.name, null)
      if ((await counter(tx, caller.accountId, 'snapshot_policies')) >= policiesPerAccount) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An account has at most ${policiesPerAccount} snapshot policies; delete one first`,
        )
      }
      const now = clock.now()
      const id = await issuePublicId(tx, 'P')
      await store
        .insertPolicy(tx, {
          id: newUuid(),
          public_id: id,
          account_id: caller.accountId,
          name: input.name,
          description: input.description ?? null,
          hourly: input.hourly ?? 0,
          daily: input.daily ?? 0,
          weekly: input.weekly ?? 0,
          monthly: input.monthly ?? 0,
          offset_minutes: input.offset_minutes ?? 0,
          api_key_id: bearingKey(caller),
          created_at: now,
          updated_at: now,
        })
        .catch(refuseTaken(input.name))
      const policy = await require(tx, caller, id)
      await cover(tx, caller, policy, input.instance_ids ?? [])
      await tellOf(tx, caller, 'create', policy, input)
      return get(tx, caller, id)
    },

    async change(tx: Tx, caller: Caller, id: string, input: ChangeSnapshotPolicyRequest) {
      const before = await lock(tx, caller, id)
      const { instance_ids, ...columns } = input
      if (input.name !== undefined) await requireNameFree(tx, caller, input.name, before.id)
      requireSomeCount(merged(scheduleOf(before).counts, input))
      const now = clock.now()
      await store
        .updatePolicy(tx, caller.accountId, before.id, { ...columns, updated_at: now })
        .catch(refuseTaken(input.name ?? before.name))
      const policy = await require(tx, caller, id)
      const schedule = scheduleOf(policy)
      if (JSON.stringify(schedule) !== JSON.stringify(scheduleOf(before))) {
        await store.reschedule(tx, policy, nextSlot(schedule, now).at, now)
      }
      let covers: { instance_ids?: string[] } = {}
      if (instance_ids !== undefined) {
        const covered = await store.coverageOf(tx, caller.accountId, [policy.id])
        covers = { instance_ids: covered.map((each) => each.instance_public_id).sort() }
        for (const each of covered) {
          if (!instance_ids.includes(each.instance_public_id)) await store.deleteCoverage(tx, each)
        }
        const present = new Set(covered.map((each) => each.instance_public_id))
        await cover(
          tx,
          caller,
          policy,
          instance_ids.filter((each) => !present.has(each)),
        )
      }
      const wanted = { ...columns, ...(instance_ids && { instance_ids: [...instance_ids].sort() }) }
      const values = changes({ ...before, ...covers }, wanted)
      await tellOf(tx, caller, 'change', policy, { name: policy.name }, values)
      return get(tx, caller, id)
    },

    async delete(tx: Tx, caller: Caller, id: string) {
      const policy = await lock(tx, caller, id)
      await store.deletePolicy(tx, caller.accountId, policy.id)
      await tellOf(tx, caller, 'delete', policy, { name: policy.name })
      return policy
    },

    /** What is taken next, and what then stays and goes; `counts` in place of its own. */
    async preview(
      db: Database,
      caller: Caller,
      id: string,
      counts: { readonly [each in Frequency]?: number | undefined },
    ) {
      const { policy, instances: covered } = await get(db, caller, id)
      const own = scheduleOf(policy)
      const schedule = { ...own, counts: merged(own.counts, counts) }
      requireSomeCount(schedule.counts)
      const taken = await store.snapshotsTaken(db, caller.accountId, policy.id)
      const now = clock.now()
      return {
        policy,
        instances: covered.map((instance) => {
          const next = nextSlot(schedule, now)
          const named = { name: instance.vm_name, publicId: instance.instance_public_id }
          const name = snapshotName(named, next)
          const upcoming = { id: '', at: next.at, status: 'SUCCESS', pinned: false } as const
          const present = taken.filter((each) => each.instance_id === instance.instance_id)
          return {
            instance,
            next: { ...next, name, obstacle: whyNot('snapshot', instance.instance_status) },
            verdicts: verdicts<Taken | store.TakenSnapshot>(schedule, [upcoming, ...present]),
          }
        }),
      }
    },

    /**
     * Over all accounts, running instances only. `maxAgeSeconds`: since the last good snapshot of the one
     * that has waited longest; 0 when none is covered. `overdue`: policies that missed a slot.
     */
    async freshness(db: Database) {
      const now = clock.now().getTime()
      let maxAgeMs = 0
      const overdue = new Set<string>()
      for (const row of await store.freshness(db)) {
        const good = (row.last_success_at ?? row.created_at).getTime()
        maxAgeMs = Math.max(maxAgeMs, now - good)
        const excused = Math.max(good, row.skipped_at?.getTime() ?? 0)
        if (excused < latestSlot(scheduleOf(row), new Date(now - graceMs)).getTime()) {
          overdue.add(row.policy_id)
        }
      }
      return { maxAgeSeconds: maxAgeMs / 1000, overdue: overdue.size }
    },
  }
}

export type SnapshotPolicyService = ReturnType<typeof createSnapshotPolicyService>

/** The columns that say when, and how many. */
export const scheduleOf = (row: Counts & { readonly offset_minutes: number }): Schedule => ({
  counts: { hourly: row.hourly, daily: row.daily, weekly: row.weekly, monthly: row.monthly },
  offsetMinutes: row.offset_minutes,
})

const merged = (
  own: Counts,
  others: { readonly [each in Frequency]?: number | undefined },
): Counts => ({
  hourly: others.hourly ?? own.hourly,
  daily: others.daily ?? own.daily,
  weekly: others.weekly ?? own.weekly,
  monthly: others.monthly ?? own.monthly,
})

function requireSomeCount(counts: Counts) {
  if (frequencies.some((frequency) => counts[frequency] > 0)) return
  throw new ValidationError({ hourly: ['Keep at least one snapshot of some frequency.'] })
}

const taken = (name: string) => new NameTaken('a snapshot policy', name)

const refuseTaken = (name: string) => (error: unknown) => {
  throw isUniqueViolation(error, 'snapshot_policies_name') ? taken(name) : error
}
