/** Who may make which keys, and see and revoke whose. */
import type { CreateApiKeyRequest } from '@garrison/contract/accounts/api-keys'
import { isWithin, lesserRole, may } from '@garrison/contract/accounts/roles'
import { recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError, NameTaken, NotFound, ValidationError } from '../errors.ts'
import * as store from './store.ts'

export function createApiKeyService(deps: { clock: Clock; accounts: AccountService }) {
  const { clock, accounts } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const key = await store.findKey(db, caller.accountId, id)
    if (key === undefined || !sees(caller, key)) throw new NotFound('API key', id)
    return key
  }

  /** For changes: nobody takes a name or revokes meanwhile, and no key reaches above its holder. */
  async function requireOwn(tx: Tx, caller: Caller, id: string) {
    await accounts.lock(tx, caller.accountId)
    const key = await require(tx, caller, id)
    if (isWithin(key.role, caller.role)) return key
    throw new DomainError(
      'PERMISSION_DENIED',
      `This is a key of an ${key.role}; you are an ${caller.role}. Ask an ${key.role}`,
    )
  }

  /** What bounds a key bounds the keys that it makes, or it would bound nothing. */
  async function expiryOf(tx: Tx, caller: Caller, wanted: string | null | undefined) {
    const expiresAt = wanted == null ? undefined : new Date(wanted)
    const maker =
      caller.keyId === null ? undefined : await store.findKey(tx, caller.accountId, caller.keyId)
    if (maker === undefined) return expiresAt
    if (maker.monthly_budget_micros !== null && !may(caller.role, 'budget.change')) {
      throw new DomainError(
        'PERMISSION_DENIED',
        'This key has a budget, which a key that it makes would not have; sign in, or ask an owner',
      )
    }
    const latest = maker.expires_at ?? undefined
    if (latest === undefined || expiresAt === undefined) return expiresAt ?? latest
    if (expiresAt <= latest) return expiresAt
    throw new ValidationError({
      expires_at: [`The key that asks expires at ${latest.toISOString()}; choose nothing later.`],
    })
  }

  return {
    require,

    /** Null when it was revoked. */
    async nameOf(db: Database | Tx, accountId: string, id: string) {
      return (await store.findKey(db, accountId, id))?.name ?? null
    },

    async list(db: Database, caller: Caller) {
      const keys = await store.listKeys(db, caller.accountId)
      return keys.filter((key) => sees(caller, key))
    },

    /** Answers the key and its text, which nobody can find out again. */
    async create(tx: Tx, caller: Caller, input: CreateApiKeyRequest) {
      const { name, access, role = lesserRole(caller.role, 'owner'), expires_at } = input
      if (!isWithin(role, caller.role)) {
        throw new DomainError(
          'PERMISSION_DENIED',
          `A key may do no more than whoever makes it: you are ${caller.role}; ask for "role": "${caller.role}"`,
        )
      }
      const expiresAt = await expiryOf(tx, caller, expires_at)
      const made = await accounts.createKey(
        tx,
        caller.accountId,
        { name, access, role, expiresAt },
        caller,
      )
      // Not by what the caller sees: one that is no person's sees nothing but itself.
      const key = await store.findKey(tx, caller.accountId, made.key.id)
      if (key === undefined) throw new NotFound('API key', made.key.id)
      return { key, text: made.text }
    },

    async rename(tx: Tx, caller: Caller, id: string, name: string) {
      const before = await requireOwn(tx, caller, id)
      const others = await accounts.listKeys(tx, caller.accountId)
      const taken = others.some(
        (other) => other.id !== before.id && other.name.toLowerCase() === name.toLowerCase(),
      )
      if (taken) throw new NameTaken('an API key', name)
      await store.renameKey(tx, caller.accountId, before.id, name)
      await recordAudit(
        tx,
        caller,
        {
          ...{ action: 'api-key.update', subjectKind: 'api-key', subjectId: before.id },
          ...{ detail: { name }, before: { name: before.name }, after: { name } },
        },
        clock.now(),
      )
      await accounts.changed(tx, caller.accountId)
      return { ...before, name }
    },

    async revoke(tx: Tx, caller: Caller, id: string) {
      const key = await requireOwn(tx, caller, id)
      return accounts.revokeKey(tx, caller.accountId, { id: key.id }, caller)
    },
  }
}

export type ApiKeyService = ReturnType<typeof createApiKeyService>

/** Members see the keys that they made, or the one that they are. */
const sees = (caller: Caller, key: Pick<store.ListedKey, 'id' | 'person_id'>) =>
  may(caller.role, 'keys.manage') ||
  key.id === caller.keyId ||
  (caller.personId !== null && key.person_id === caller.personId)
