/** The rules for SSH keys. A key is there in every region. */
import { sshKeysPerAccount } from '@garrison/contract/ssh-keys/routes'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import { counter } from '../database/counters.ts'
import type { Database, Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, NameTaken, NotFound, ValidationError } from '../errors.ts'
import { recordChange } from '../events/changes.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import { generatePair, parsePublicKey } from './public-key.ts'
import * as store from './store.ts'

export function createSshKeyService(deps: { clock: Clock; accounts: AccountService }) {
  const { clock, accounts } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const key = await store.findSshKey(db, caller.accountId, id)
    if (key === undefined) throw new NotFound('SSH key', id)
    return key
  }

  function tellOf(tx: Tx, caller: Caller, verb: 'create' | 'delete', key: store.SshKey) {
    const { public_id, name, fingerprint } = key
    return recordChange(
      tx,
      caller,
      {
        action: `ssh-key.${verb}`,
        kind: `ssh-key.${verb}d`,
        subjectKind: 'ssh-key',
        subjectId: public_id,
        detail: { name, fingerprint },
        data: { name },
      },
      clock.now(),
    )
  }

  return {
    require,

    /** Imports a key, or makes a pair when there is none to import. */
    async create(
      tx: Tx,
      caller: Caller,
      input: { name: string; public_key?: string | undefined },
    ): Promise<{ key: store.SshKey; privateKey: string | null }> {
      const made = input.public_key === undefined ? await generatePair(input.name) : null
      const parsed = parsePublicKey(made?.line ?? input.public_key ?? '')
      if ('problem' in parsed) throw new ValidationError({ public_key: [parsed.problem] })
      await accounts.lock(tx, caller.accountId)
      const same = await store.findConflicting(tx, caller.accountId, {
        name: input.name,
        fingerprint: parsed.fingerprint,
      })
      if (same?.name.toLowerCase() === input.name.toLowerCase()) {
        throw new NameTaken('an SSH key', input.name)
      }
      if (same !== undefined) {
        throw new DomainError(
          'NAME_ALREADY_EXISTS',
          `You already have this key, under the name "${same.name}"`,
        )
      }
      if ((await counter(tx, caller.accountId, 'ssh_keys')) >= sshKeysPerAccount) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An account has at most ${sshKeysPerAccount} SSH keys; delete one first`,
        )
      }
      const key = await store.insertSshKey(tx, {
        id: newUuid(),
        public_id: await issuePublicId(tx, 'K'),
        account_id: caller.accountId,
        name: input.name,
        public_key: parsed.line,
        fingerprint: parsed.fingerprint,
        key_type: parsed.type,
        created_at: clock.now(),
      })
      await tellOf(tx, caller, 'create', key)
      return { key, privateKey: made?.privateKey ?? null }
    },

    /** All of them, in the order asked for; none is deleted before the transaction ends. */
    async requireAll(tx: Tx, caller: Caller, ids: readonly string[]) {
      if (ids.length === 0) return []
      const found = await store.shareSshKeys(tx, caller.accountId, ids)
      return ids.map((id) => {
        const key = found.find((each) => each.public_id === id)
        if (key === undefined) throw new NotFound('SSH key', id)
        return key
      })
    },

    async delete(tx: Tx, caller: Caller, id: string) {
      const key = await store.lockSshKey(tx, caller.accountId, id)
      if (key === undefined) throw new NotFound('SSH key', id)
      const user = await store.userOfSshKey(tx, caller.accountId, key.id)
      if (user !== undefined) {
        throw new DomainError(
          'KEY_IN_USE',
          `SSH key ${id} is used by instance ${user.public_id} ("${user.name}"); delete that first`,
        )
      }
      await store.deleteSshKey(tx, caller.accountId, key.id)
      await tellOf(tx, caller, 'delete', key)
      return key
    },

    list(db: Database, caller: Caller, search: string | undefined, range: Range) {
      return store.pageOfSshKeys(db, caller.accountId, search, range)
    },
  }
}

export type SshKeyService = ReturnType<typeof createSshKeyService>
