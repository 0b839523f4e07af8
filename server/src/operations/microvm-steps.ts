/** What operations of microVMs share: their engine, and what is written when one runs. */
import type { EgressKnobs } from '@garrison/contract/microvms/egress'
import {
  type EgressPolicy,
  type Engine,
  EngineError,
  type MicrovmEngine,
  NO_EGRESS,
} from '@garrison/engines/engine'
import { sql } from 'kysely'
import { forgetEnvironment } from '../microvms/sessions/store.ts'
import { getMicrovm, updateMicrovm } from '../microvms/vms/store.ts'
import type { Step, StepResult, Work } from './definition.ts'

export function microvmsOf({ microvms }: Engine): MicrovmEngine {
  if (microvms === undefined) throw new EngineError('This region has no microVMs any more')
  return microvms
}

/** What its row says, or nothing, where that can be enforced at all. */
export const egressOf = (engine: MicrovmEngine, policy: EgressKnobs | null): EgressPolicy => ({
  open: !engine.capabilities().egress,
  packageManagers: policy?.allow_package_managers ?? false,
  http: policy?.allow_http ?? false,
  https: policy?.allow_https ?? false,
  domains: policy?.allowed_domains ?? [],
  cidrs: policy?.allowed_cidrs ?? [],
})

/** What is installed while something is built comes from somewhere. */
export const egressOfBuilds = (engine: MicrovmEngine): EgressPolicy =>
  engine.capabilities().egress
    ? { ...NO_EGRESS, packageManagers: true, http: true, https: true }
    : egressOf(engine, null)

/** Ensures that the subject runs, of the snapshot that its row names. */
export const startMachine: Step<unknown> = {
  name: 'machine',
  async do({ engine, operation, order, db }) {
    const microvms = microvmsOf(engine)
    const row = await getMicrovm(db, operation.accountId, operation.subject.id)
    if (row.snapshot_id === null) throw new EngineError('Its snapshot is gone')
    const env = row.env ?? {}
    const { start } = await microvms.ensureMicrovm(
      {
        id: row.id,
        tenant: row.account_id,
        snapshot: row.snapshot_id,
        ...{ vcpus: row.vcpus, memoryMib: row.memory_mib },
        identity: {
          hostname: row.public_id.replace('_', '-'),
          env,
        },
        egress: egressOf(microvms, row.egress),
      },
      order,
    )
    const { how, why = null, pooled, hostMs } = start
    return { how, why, pooled, hostMs, hasEnv: Object.keys(env).length > 0 }
  },
  record: recordRunning,
  async undo({ engine, operation, order }) {
    await microvmsOf(engine).ensureMicrovmGone(operation.subject.id, order)
  },
}

async function recordRunning(
  tx: Parameters<NonNullable<Step<unknown>['record']>>[0],
  { operation, clock }: Work<unknown>,
  result: StepResult,
) {
  const { accountId, subject } = operation
  const now = clock.now()
  await updateMicrovm(tx, accountId, subject.id, {
    status: 'running',
    how: result.how as 'memory' | 'cold-boot',
    message: result.why as string | null,
    // Its guest has it, and nobody else needs it.
    env: null,
    started_at: now,
    ends_at: sql<Date>`${now}::timestamptz + lifetime * interval '1 second'`,
    updated_at: now,
  })
  if (result.hasEnv === true) await forgetEnvironment(tx, accountId, subject.id)
}

/** Its deletion has written what it is; whatever else cancels it, as the end of what it is copied of, has not. */
export async function microvmCancelled(
  tx: Parameters<NonNullable<Step<unknown>['record']>>[0],
  work: Work<never>,
  reason: string,
) {
  const { accountId, subject } = work.operation
  const { status } = await getMicrovm(tx, accountId, subject.id)
  if (status === 'starting') await microvmFailed(tx, work, reason)
}

/** It never ran: what its row says is why. */
export async function microvmFailed(
  tx: Parameters<NonNullable<Step<unknown>['record']>>[0],
  { operation, clock }: Work<never>,
  reason: string,
) {
  const now = clock.now()
  await updateMicrovm(tx, operation.accountId, operation.subject.id, {
    ...{ status: 'failed', message: reason, env: null, updated_at: now, ended_at: now },
  })
}
