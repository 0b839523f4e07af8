/** Shares as their account sees them: made, made public or private, revoked. */

import type * as contract from '@garrison/contract/microvms/shares'
import type { CreateShareRequest } from '@garrison/contract/microvms/shares'
import { recordAudit } from '../../accounts/audit.ts'
import { changes } from '../../accounts/changes.ts'
import { bearingKey, type Caller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import type { Database, Tx } from '../../database/database.ts'
import { DomainError, NotFound } from '../../errors.ts'
import { recordEvent } from '../../events/outbox.ts'
import { newUuid } from '../../ids.ts'
import { newId } from '../hosting.ts'
import type { MicrovmSessionService } from '../sessions/service.ts'
import type { MicrovmService } from '../vms/service.ts'
import { newName, type ShareAddresses } from './addresses.ts'
import * as store from './store.ts'

const mostPerVm = 20
/** Names are given once: of those that two ask for at a time, one asks again. */
const mostTries = 10

type Deps = {
  db: Database
  clock: Clock
  addresses: ShareAddresses
  microvms: MicrovmService
  microvmSessions: MicrovmSessionService
}

export function createShareService(deps: Deps) {
  const { db, clock, addresses, microvms, microvmSessions } = deps

  async function require(reader: Database | Tx, caller: Caller, publicId: string) {
    const found = await store.findShare(reader, caller.accountId, publicId)
    if (found === undefined) throw new NotFound('Share', publicId)
    return found
  }

  async function lock(tx: Tx, caller: Caller, publicId: string) {
    const found = await store.lockShare(tx, caller.accountId, publicId)
    if (found === undefined) throw new NotFound('Share', publicId)
    return found
  }

  type Told = Pick<store.Share, 'public_id' | 'port' | 'is_public' | 'vm_public_id' | 'name'>

  async function tell(
    tx: Tx,
    caller: Caller,
    verb: 'created' | 'changed' | 'revoked',
    share: Told,
    before?: Told,
  ) {
    const now = clock.now()
    const { public_id, port, is_public, vm_public_id, name } = share
    const action = { created: 'create', changed: 'update', revoked: 'delete' }[verb]
    const detail = { vm: vm_public_id, port, name, is_public }
    const about = { subjectKind: 'share', subjectId: public_id }
    await recordAudit(
      tx,
      caller,
      {
        ...{ action: `share.${action}`, ...about },
        ...(before === undefined
          ? { detail }
          : changes({ is_public: before.is_public }, { is_public })),
      },
      now,
    )
    const event = { accountId: caller.accountId, kind: `share.${verb}` as const, ...about }
    await recordEvent(tx, { ...event, data: { vm: vm_public_id, port, name, is_public } }, now)
  }

  /** The machine that is meant, locked. */
  async function machine(tx: Tx, caller: Caller, input: CreateShareRequest) {
    if (input.vm_id != null) return microvms.lockFor(tx, caller, input.vm_id, 'change')
    const session = await microvmSessions.require(tx, caller, input.session_id ?? '')
    if (session.vm_public_id === null) {
      throw new DomainError('NOT_FOUND', `Session ${session.id} has no VM; execute something first`)
    }
    return microvms.lockFor(tx, caller, session.vm_public_id, 'change')
  }

  async function insert(tx: Tx, row: Parameters<typeof store.insertShare>[1]): Promise<void> {
    for (let tries = 1; tries <= mostTries; tries++) {
      if (await store.insertShare(tx, { ...row, name: newName() })) return
    }
    throw new DomainError('SERVICE_UNAVAILABLE', 'No name is left for a share; try again shortly')
  }

  return {
    require,
    list: (caller: Caller) => store.listShares(db, caller.accountId),

    async create(tx: Tx, caller: Caller, input: CreateShareRequest) {
      const vm = await machine(tx, caller, input)
      if ((await store.countShares(tx, caller.accountId, vm.id)) >= mostPerVm) {
        const words = `A VM has at most ${mostPerVm} shares; revoke one first`
        throw new DomainError('LIMIT_EXCEEDED', words)
      }
      const now = clock.now()
      const publicId = newId('share')
      await insert(tx, {
        ...{ id: newUuid(), public_id: publicId, name: '', account_id: caller.accountId },
        ...{ vm_id: vm.id, port: input.port, is_public: input.is_public ?? false },
        ...{ api_key_id: bearingKey(caller), created_at: now, updated_at: now, revoked_at: null },
      })
      const share = await require(tx, caller, publicId)
      await tell(tx, caller, 'created', share)
      return share
    },

    async update(tx: Tx, caller: Caller, publicId: string, isPublic: boolean | null | undefined) {
      const share = await lock(tx, caller, publicId)
      if (isPublic == null || isPublic === share.is_public) return share
      const set = { is_public: isPublic, updated_at: clock.now() }
      await store.updateShare(tx, caller.accountId, share.id, set)
      const changed = { ...share, is_public: isPublic }
      await tell(tx, caller, 'changed', changed, share)
      return changed
    },

    async revoke(tx: Tx, caller: Caller, publicId: string) {
      const share = await lock(tx, caller, publicId)
      const now = clock.now()
      await store.updateShare(tx, caller.accountId, share.id, { revoked_at: now, updated_at: now })
      await tell(tx, caller, 'revoked', share)
      return { ...share, revoked_at: now }
    },

    answer: (row: store.Share): contract.Share => ({
      ...{ id: row.public_id, share_id: row.public_id },
      ...{ vm_id: row.vm_public_id, session_id: row.session_id },
      ...{ port: row.port, is_public: row.is_public },
      ...{ name: row.name, host: addresses.hostOf(row.name) },
      ...{ url: addresses.urlOf(row.name), share_url: addresses.urlOf(row.name) },
      status: row.revoked_at === null ? 'active' : 'revoked',
      created_at: row.created_at.toISOString(),
    }),
  }
}

export type ShareService = ReturnType<typeof createShareService>
