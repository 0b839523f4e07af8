/** The rules for startup scripts. A machine is given a copy, so nothing here minds who uses one. */
import { createHash } from 'node:crypto'
import {
  type CreateScriptRequest,
  scriptsPerAccount,
  type UpdateScriptRequest,
} from '@garrison/contract/scripts/routes'
import type { AuditEntry } from '../accounts/audit.ts'
import { changes } from '../accounts/changes.ts'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import { counter } from '../database/counters.ts'
import type { Database, Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, NameTaken, NotFound } from '../errors.ts'
import { recordChange } from '../events/changes.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import * as store from './store.ts'

export function createScriptService(deps: { clock: Clock; accounts: AccountService }) {
  const { clock, accounts } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const script = await store.findScript(db, caller.accountId, id)
    if (script === undefined) throw new NotFound('Startup script', id)
    return script
  }

  /** Never with the text, which may hold secrets. */
  function tellOf(
    tx: Tx,
    caller: Caller,
    verb: 'create' | 'update' | 'delete',
    { public_id, name }: store.Script,
    values: Pick<AuditEntry, 'before' | 'after'> = {},
  ) {
    const subject = { subjectKind: 'script', subjectId: public_id }
    const said = { action: `script.${verb}`, kind: `script.${verb}d` as const }
    const change = { ...said, ...subject, ...values, detail: { name }, data: { name } }
    return recordChange(tx, caller, change, clock.now())
  }

  async function requireFree(tx: Tx, caller: Caller, name: string, own?: string) {
    const other = await store.findScriptByName(tx, caller.accountId, name)
    if (other !== undefined && other.id !== own) throw new NameTaken('a startup script', name)
  }

  return {
    require,

    async create(tx: Tx, caller: Caller, { name, script }: CreateScriptRequest) {
      await accounts.lock(tx, caller.accountId)
      await requireFree(tx, caller, name)
      if ((await counter(tx, caller.accountId, 'scripts')) >= scriptsPerAccount) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An account has at most ${scriptsPerAccount} startup scripts; delete one first`,
        )
      }
      const now = clock.now()
      const created = await store.insertScript(tx, {
        id: newUuid(),
        public_id: await issuePublicId(tx, 'C'),
        account_id: caller.accountId,
        name,
        script,
        created_at: now,
        updated_at: now,
      })
      await tellOf(tx, caller, 'create', created)
      return created
    },

    /** What is left out stays as it is. */
    async update(tx: Tx, caller: Caller, id: string, { name, script }: UpdateScriptRequest) {
      // Names are given out under this lock, so that no two requests take the same.
      await accounts.lock(tx, caller.accountId)
      const found = await store.lockScript(tx, caller.accountId, id)
      if (found === undefined) throw new NotFound('Startup script', id)
      if (name !== undefined) await requireFree(tx, caller, name, found.id)
      const updated = await store.updateScript(tx, caller.accountId, found.id, {
        ...(name !== undefined && { name }),
        ...(script !== undefined && { script }),
        updated_at: clock.now(),
      })
      await tellOf(tx, caller, 'update', updated, changes(toldOf(found), toldOf(updated)))
      return updated
    },

    async delete(tx: Tx, caller: Caller, id: string) {
      const found = await store.lockScript(tx, caller.accountId, id)
      if (found === undefined) throw new NotFound('Startup script', id)
      await store.deleteScript(tx, caller.accountId, found.id)
      await tellOf(tx, caller, 'delete', found)
      return found
    },

    /** Those that there are; answers them, and the ids that are nobody's here. */
    async deleteAll(tx: Tx, caller: Caller, ids: readonly string[]) {
      const found = await store.lockScripts(tx, caller.accountId, ids)
      for (const script of found) {
        await store.deleteScript(tx, caller.accountId, script.id)
        await tellOf(tx, caller, 'delete', script)
      }
      const known = new Set(found.map((script) => script.public_id))
      return {
        deleted: ids.filter((id) => known.has(id)),
        notFound: ids.filter((id) => !known.has(id)),
      }
    },

    list(db: Database, caller: Caller, filter: store.ScriptFilter, range: Range) {
      return store.pageOfScripts(db, caller.accountId, filter, range)
    },
  }
}

/** Its text may hold secrets: that it is another one shows by its fingerprint. */
const toldOf = ({ name, script }: store.Script) => ({
  name,
  script_sha256: createHash('sha256').update(script).digest('hex'),
})

export type ScriptService = ReturnType<typeof createScriptService>
