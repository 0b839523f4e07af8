/** What an account may have at most, where an operator has said so. */
import type { Caller } from '../caller.ts'
import type { Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { findControls, holdings, setControls } from './controls-store.ts'
import type { AccountService } from './service.ts'
import { suspended } from './suspensions.ts'

export type Holdings = Awaited<ReturnType<typeof holdings>>

const mibPerGb = 1024

const limits = [
  ['instances', 'max_instances', 1, 'instances'],
  ['vcpus', 'max_vcpus', 1, 'vCPUs'],
  ['memoryMib', 'max_memory_gb', mibPerGb, 'GB of memory'],
  ['gpus', 'max_gpus', 1, 'GPUs'],
  ['volumeGb', 'max_volume_gb', 1, 'GB of volumes'],
  ['snapshots', 'max_snapshots', 1, 'snapshots'],
] as const

export function createAccountLimits({ accounts }: { accounts: AccountService }) {
  return {
    find: findControls,
    set: setControls,

    /**
     * The account may have so much more; it has nothing else until the transaction ends. Throws
     * LIMIT_EXCEEDED, and ACCOUNT_SUSPENDED for what was arranged before and comes due now.
     */
    async require(tx: Tx, { accountId }: Pick<Caller, 'accountId'>, more: Partial<Holdings>) {
      const controls = await findControls(tx, accountId)
      if (controls === undefined) return
      if (controls.suspended_reason !== null) throw suspended(controls.suspended_reason)
      const asked = limits.filter(([what, column]) => more[what] && controls[column] !== null)
      if (asked.length === 0) return
      await accounts.lock(tx, accountId)
      const has = await holdings(tx, accountId)
      for (const [what, column, unit, words] of asked) {
        const most = controls[column] ?? 0
        const [there, wanted] = [has[what] / unit, (more[what] ?? 0) / unit]
        if (there + wanted <= most) continue
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `This account may have ${most} ${words}; it has ${round(there)} and this needs ${round(wanted)} more. Delete what you no longer need, or ask the operator to raise the limit`,
        )
      }
    },
  }
}

export type AccountLimits = ReturnType<typeof createAccountLimits>

const round = (value: number) => Math.round(value * 10) / 10
