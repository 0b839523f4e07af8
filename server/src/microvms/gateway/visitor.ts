/** Who has come by SSH, as whom they act, and what they asked for by their user name. */
import { randomUUID } from 'node:crypto'
import type { AccountService } from '../../accounts/service.ts'
import type { RequestCaller } from '../../caller.ts'
import type { Database } from '../../database/database.ts'
import { DomainError, NotFound } from '../../errors.ts'
import { isUuid } from '../../ids.ts'
import type { Machine, MicrovmSessionService } from '../sessions/service.ts'
import type { MicrovmService } from '../vms/service.ts'
import type { Holder } from './store.ts'

/** Everybody who has the key that was proved: it may be one of several accounts. */
export type Visitor = {
  readonly holders: readonly Holder[]
  readonly fingerprint: string
  readonly userName: string
  readonly address: string | null
}

type Found = { readonly caller: RequestCaller; readonly holder: Holder; readonly machine: Machine }

/** Whether a user name is for a machine; all others are for the verbs. */
export const namesMachine = (userName: string) => userName.startsWith('vm_') || isUuid(userName)

export type VisitorDeps = {
  db: Database
  accounts: AccountService
  microvms: MicrovmService
  microvmSessions: MicrovmSessionService
}

export function createVisitors({ db, accounts, microvms, microvmSessions }: VisitorDeps) {
  /** Nobody knows who of the account it is, so they may do what everybody of it may. */
  async function callerOf(holder: Holder, address: string | null): Promise<RequestCaller> {
    return {
      ...(await accounts.onBehalfOf(db, holder.accountId)),
      ...{ role: 'member', requestId: randomUUID().slice(0, 8), remoteAddress: address },
    }
  }

  /** The account that has it; undefined alike for what is nobody's and for strangers. */
  async function ownerOf({ holders, userName, address }: Visitor) {
    const things = isUuid(userName) ? microvmSessions : microvms
    for (const holder of holders) {
      const caller = await callerOf(holder, address)
      try {
        await things.require(db, caller, userName)
        return { caller, holder }
      } catch (error) {
        if (!(error instanceof NotFound)) throw error
      }
    }
    return undefined
  }

  async function machineOf(caller: RequestCaller, userName: string): Promise<Machine> {
    if (isUuid(userName)) return microvmSessions.machine(caller, userName)
    const row = await microvms.require(db, caller, userName)
    microvms.requireState(row, 'execute')
    const { id, public_id: publicId, region, session_id: sessionId } = row
    return { id, publicId, region, sessionId }
  }

  return {
    /** Throws ACCOUNT_SUSPENDED when no account of theirs is left. */
    requireActive({ holders }: Visitor) {
      const isLeft = holders.some(({ accountId }) => !accounts.suspensions.isSuspended(accountId))
      if (!isLeft && holders[0] !== undefined) accounts.suspensions.requireActive(holders[0])
    },

    /** The machine that their user name names, which runs when this answers. */
    async machine(visitor: Visitor): Promise<Found> {
      const owner = await ownerOf(visitor)
      const what = isUuid(visitor.userName) ? 'Session' : 'VM'
      if (owner === undefined) throw new NotFound(what, visitor.userName)
      accounts.suspensions.requireActive(owner.caller)
      return { ...owner, machine: await machineOf(owner.caller, visitor.userName) }
    },

    /** For a verb, which names no machine that would tell the account. */
    async caller({ holders, userName, address }: Visitor) {
      const named = holders.find(({ accountPublicId }) => accountPublicId === userName)
      const [only, ...others] = holders
      const holder = named ?? (others.length === 0 ? only : undefined)
      if (holder === undefined) {
        const names = holders.map(({ accountPublicId }) => accountPublicId).join(', ')
        const words = 'This key belongs to several accounts; give one of them as the user name'
        throw new DomainError('VALIDATION_ERROR', `${words}: ${names}`)
      }
      const caller = await callerOf(holder, address)
      accounts.suspensions.requireActive(caller)
      return { caller, holder }
    },
  }
}
