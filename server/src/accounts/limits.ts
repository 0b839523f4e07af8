/** What an account may have at most, where an operator has said so; of microVMs, what the configuration says. */
import type { Caller } from '../caller.ts'
import type { Config } from '../config.ts'
import type { Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { controlsAndMicrovms, findControls, holdings, setControls } from './controls-store.ts'
import type { AccountService } from './service.ts'
import { suspended } from './suspensions.ts'

export type Holdings = Awaited<ReturnType<typeof holdings>>

/** Nothing was decided where they are null. */
type Controls = Pick<
  Awaited<ReturnType<typeof controlsAndMicrovms>>,
  'suspended_reason' | (typeof limits)[number][1]
>

const mibPerGb = 1024

const limits = [
  ['instances', 'max_instances', 1, 'instances'],
  ['vcpus', 'max_vcpus', 1, 'vCPUs'],
  ['memoryMib', 'max_memory_gb', mibPerGb, 'GB of memory'],
  ['gpus', 'max_gpus', 1, 'GPUs'],
  ['volumeGb', 'max_volume_gb', 1, 'GB of volumes'],
  ['snapshots', 'max_snapshots', 1, 'snapshots'],
] as const

export function createAccountLimits(deps: { accounts: AccountService; config: Config }) {
  const { accounts } = deps
  const { vms_per_account } = deps.config.microvms

  return {
    find: findControls,
    set: setControls,

    /**
     * The account may have so much more; it has nothing else until the transaction ends. Throws
     * LIMIT_EXCEEDED, and ACCOUNT_SUSPENDED for what was arranged before and comes due now.
     */
    async require(tx: Tx, { accountId }: Pick<Caller, 'accountId'>, more: Partial<Holdings>) {
      const controls = await findControls(tx, accountId)
      if (controls !== undefined) await requireWithin(tx, accountId, controls, more)
    },

    /** The same for a microVM, which is counted by itself too. The account is locked. */
    async requireMicrovm(
      tx: Tx,
      { accountId }: Pick<Caller, 'accountId'>,
      shape: Pick<Holdings, 'vcpus' | 'memoryMib'>,
    ) {
      const { microvms, ...controls } = await controlsAndMicrovms(tx, accountId)
      await requireWithin(tx, accountId, controls, { instances: 1, ...shape })
      if (Number(microvms) < vms_per_account) return
      throw new DomainError(
        'LIMIT_EXCEEDED',
        `An account has at most ${vms_per_account} VMs at once; end one first`,
      )
    },
  }

  async function requireWithin(
    tx: Tx,
    accountId: string,
    controls: Controls,
    more: Partial<Holdings>,
  ) {
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
  }
}

export type AccountLimits = ReturnType<typeof createAccountLimits>

const round = (value: number) => Math.round(value * 10) / 10
