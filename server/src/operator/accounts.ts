/** What an operator sees of accounts, and decides about them. */
import type {
  ChangeAccountRequest,
  GrantCreditsRequest,
} from '@garrison/contract/operator/accounts'
import { recordAudit } from '../accounts/audit.ts'
import type { AccountLimits } from '../accounts/limits.ts'
import type { AccountService } from '../accounts/service.ts'
import { suspensionsChannel } from '../accounts/suspensions.ts'
import { balances } from '../billing/ledger.ts'
import type { BillingService } from '../billing/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import type { Range } from '../database/pages.ts'
import { savepoint } from '../database/savepoint.ts'
import { DomainError, ValidationError } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import type { InstanceService } from '../instances/service.ts'
import type { MicrovmService } from '../microvms/vms/service.ts'
import { fromDecimal, toDecimal } from '../money.ts'
import * as store from './account-store.ts'

export type OperatorAccountDeps = {
  clock: Clock
  accounts: AccountService
  accountLimits: AccountLimits
  billing: BillingService
  instances: InstanceService
  microvms: MicrovmService
}

const limitColumns = [
  'max_instances',
  'max_vcpus',
  'max_memory_gb',
  'max_volume_gb',
  'max_snapshots',
  'max_gpus',
] as const
const none = Object.fromEntries(limitColumns.map((column) => [column, null])) as Record<
  (typeof limitColumns)[number],
  null
>

export function createOperatorAccountService(deps: OperatorAccountDeps) {
  const { clock, accounts, accountLimits, billing, instances, microvms } = deps

  async function withFacts(db: Database | Tx, rows: readonly store.Account[]) {
    const ids = rows.map(({ id }) => id)
    const facts = await store.factsOf(db, ids)
    const controls = await store.controlsOf(db, ids)
    return rows.flatMap((account) => {
      const its = facts.get(account.id)
      if (its === undefined) return []
      const decided = controls.find((each) => each.account_id === account.id)
      return [{ account, facts: its, controls: decided ?? null }]
    })
  }

  async function details(db: Database | Tx, publicId: string) {
    const account = await accounts.require(db, publicId)
    const [found] = await withFacts(db, [account])
    if (found === undefined) throw new Error(`nothing is known of account ${publicId}`)
    return { ...found, people: await store.peopleOf(db, account.id) }
  }

  /** In the operator's account, with the one that it is about. */
  function audit(
    tx: Tx,
    caller: Caller,
    action: string,
    publicId: string,
    entry: { detail?: object; before?: object; after?: object },
  ) {
    return recordAudit(
      tx,
      caller,
      {
        ...{ action, subjectKind: 'account', subjectId: publicId },
        detail: { account: publicId, ...entry.detail },
        before: { ...entry.before },
        after: { ...entry.after },
      },
      clock.now(),
    )
  }

  async function stopAll(tx: Tx, accountId: string) {
    const stopped: string[] = []
    const notStopped: { id: string; reason: string }[] = []
    for (const machine of await store.runningMachines(tx, accountId)) {
      try {
        await savepoint(tx, () => instances.stopForOperator(tx, machine))
        stopped.push(machine.public_id)
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
        notStopped.push({ id: machine.public_id, reason: error.message })
      }
    }
    for (const machine of await microvms.running(tx, accountId)) {
      try {
        await savepoint(tx, () => microvms.suspendForOperator(tx, machine))
        stopped.push(machine.public_id)
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
        notStopped.push({ id: machine.public_id, reason: error.message })
      }
    }
    return { stopped, notStopped }
  }

  return {
    details,
    countDepleted: (db: Database) => store.countDepleted(db),

    async list(
      db: Database,
      filter: { search?: string | undefined; suspended?: boolean | undefined },
      range: Range,
    ) {
      const { rows, total } = await store.pageOfAccounts(db, filter, range)
      return { rows: await withFacts(db, rows), total }
    },

    async change(tx: Tx, caller: Caller, publicId: string, input: ChangeAccountRequest) {
      const account = await accounts.require(tx, publicId)
      requireSensible(caller, account.id, input)
      await accounts.lock(tx, account.id)
      const { account_id: _, ...before } = (await accountLimits.find(tx, account.id)) ?? {
        ...{ account_id: account.id, suspended_at: null, suspended_reason: null },
        ...none,
      }
      const now = clock.now()
      const { suspended, reason } = input
      const given = Object.entries(input.limits ?? {}).filter(([, value]) => value !== undefined)
      const after = {
        ...before,
        ...Object.fromEntries(given),
        ...(suspended === true && {
          suspended_at: before.suspended_at ?? now,
          suspended_reason: reason ?? '',
        }),
        ...(suspended === false && { suspended_at: null, suspended_reason: null }),
      }
      await accountLimits.set(tx, account.id, after)
      const { stopped, notStopped } =
        input.stop === true ? await stopAll(tx, account.id) : { stopped: [], notStopped: [] }
      const about = { subjectKind: 'account', subjectId: publicId }
      if (given.length > 0) {
        const shown = (row: typeof before) =>
          Object.fromEntries(limitColumns.map((column) => [column, row[column] ?? null]))
        await audit(tx, caller, 'account.limit', publicId, {
          before: shown(before),
          after: shown(after),
        })
        const data = shown(after)
        const event = { accountId: account.id, kind: 'account.limits-changed' as const }
        await recordEvent(tx, { ...event, ...about, data }, now)
      }
      const wasSuspended = before.suspended_at !== null
      if (suspended !== undefined && (suspended !== wasSuspended || suspended)) {
        await audit(tx, caller, suspended ? 'account.suspend' : 'account.resume', publicId, {
          detail: { ...(suspended && { reason }), stopped },
        })
        const event = { accountId: account.id, ...about }
        await (suspended
          ? recordEvent(tx, { ...event, kind: 'account.suspended', data: { reason } }, now)
          : recordEvent(tx, { ...event, kind: 'account.resumed', data: {} }, now))
        await notify(tx, suspensionsChannel, account.id)
      }
      return { ...(await details(tx, publicId)), stopped, notStopped }
    },

    /** The same reference gives once; with another amount it is refused. */
    async grant(tx: Tx, caller: Caller, publicId: string, input: GrantCreditsRequest) {
      const account = await accounts.require(tx, publicId)
      const currency = input.currency ?? account.currency
      const micros = fromDecimal(input.amount)
      // As the command of the host does, so that neither gives what the other has given.
      const reference = `grant ${publicId} ${input.reference}`
      const before = (await balances(tx, account.id))[currency]
      const granted = await billing.grant(tx, {
        ...{ accountId: account.id, currency, micros, reference },
        description: input.description ?? 'Credits from the operator',
      })
      if (granted) {
        const { amount } = input
        await audit(tx, caller, 'credits.grant', publicId, {
          detail: { amount, currency, reference: input.reference },
          before: { balance: toDecimal(before) },
          after: { balance: toDecimal(before + micros) },
        })
        await recordEvent(
          tx,
          {
            accountId: account.id,
            kind: 'credits.granted',
            ...{ subjectKind: 'account', subjectId: publicId },
            data: { amount, currency },
          },
          clock.now(),
        )
      }
      const left = (await balances(tx, account.id))[currency]
      return { granted, currency, micros, left }
    },
  }
}

export type OperatorAccountService = ReturnType<typeof createOperatorAccountService>
export type FoundAccount = Awaited<ReturnType<OperatorAccountService['details']>>

function requireSensible(caller: Caller, accountId: string, input: ChangeAccountRequest) {
  const { suspended, reason, stop } = input
  if (suspended === true && accountId === caller.accountId) {
    throw new ValidationError({
      suspended: ['This is your own account; you could not let it go on again.'],
    })
  }
  if (suspended === true && reason === undefined) {
    throw new ValidationError({ reason: ['Say why; the account is told.'] })
  }
  if (stop === true && suspended !== true) {
    throw new ValidationError({ stop: ['Machines are stopped only with "suspended": true.'] })
  }
}
