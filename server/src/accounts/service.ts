/** Accounts and their API keys. A key's text is shown once; only its hash is kept. */
import { createHash, randomInt } from 'node:crypto'
import { apiKeysPerAccount } from '@garrison/contract/accounts/api-keys'
import type { Access, Role } from '@garrison/contract/accounts/roles'
import type { Currency } from '@garrison/contract/common'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUniqueViolation, type Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import { DomainError, NameTaken, NotFound, ValidationError } from '../errors.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import { recordAudit } from './audit.ts'
import { createKnownKeys } from './known-keys.ts'
import * as store from './store.ts'
import { createSuspensions } from './suspensions.ts'

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const secretLength = 40
/** Of the whole text, so that people can tell their keys apart. */
const prefixLength = 8

/** What an account without a person's details gets, so that it can do everything from the first minute. */
const ownProfile = { address_line: 'This host', postal_code: '-', country: '-' }
const noProfile = { address_line: null, postal_code: null, country: null }

export function createAccountService({ clock }: { clock: Clock }) {
  const used = new Map<string, Date>()
  const known = createKnownKeys(clock)

  async function auditKey(tx: Tx, verb: 'create' | 'revoke', key: store.ApiKey, actor?: Caller) {
    const { id, account_id: accountId, name, role, access } = key
    const detail = { name, role, access, expires_at: key.expires_at?.toISOString() ?? null }
    const subject = { subjectKind: 'api-key', subjectId: id }
    const entry = { action: `api-key.${verb}`, ...subject, detail }
    await recordAudit(tx, actor ?? { accountId }, entry, clock.now())
  }

  async function revoked(tx: Tx, key: store.ApiKey, actor?: Caller) {
    known.forget(key.id)
    await notify(tx, 'api_key_revoked', key.id)
    await auditKey(tx, 'revoke', key, actor)
    return key
  }

  return {
    suspensions: createSuspensions(),

    async create(
      tx: Tx,
      account: {
        name: string
        currency: Currency
        email?: string | undefined
        /** `incomplete`: whoever it belongs to says later who can be billed. */
        profile?: 'complete' | 'incomplete'
      },
    ): Promise<store.Account> {
      const wrong: Record<string, string[]> = {}
      if (!/^.{1,100}$/.test(account.name.trim())) wrong.name = ['Use 1 to 100 characters.']
      if (account.email !== undefined && !/^[^@\s]+@[^@\s]+$/.test(account.email)) {
        wrong.email = ['Enter a valid e-mail address.']
      }
      if (Object.keys(wrong).length > 0) throw new ValidationError(wrong)
      const made = await store
        .insertAccount(tx, {
          id: newUuid(),
          public_id: await issuePublicId(tx, 'U'),
          name: account.name.trim(),
          email: account.email ?? null,
          currency: account.currency,
          phone: null,
          ...(account.profile === 'incomplete' ? noProfile : ownProfile),
          city: null,
          state: null,
          tax_id: null,
          created_at: clock.now(),
        })
        .catch((error: unknown) => {
          throw isUniqueViolation(error, 'accounts_email')
            ? new DomainError('NAME_ALREADY_EXISTS', `${account.email} already has an account`)
            : error
        })
      const { id, public_id, name } = made
      await recordAudit(
        tx,
        { accountId: id },
        {
          action: 'account.create',
          subjectKind: 'account',
          subjectId: public_id,
          detail: { name },
        },
        clock.now(),
      )
      return made
    },

    list: (db: Database | Tx) => store.listAccounts(db),

    async require(db: Database | Tx, publicId: string) {
      const account = await store.findAccount(db, publicId)
      if (account === undefined) throw new NotFound('Account', publicId)
      return account
    },

    /** The account with its profile, of somebody who is known already. */
    byId: (db: Database | Tx, accountId: string) => store.getAccount(db, accountId),

    /** For what the account arranged to happen when no request is there. */
    async onBehalfOf(
      db: Database | Tx,
      accountId: string,
      bearingKeyId: string | null = null,
    ): Promise<Caller> {
      const { id, public_id, currency } = await store.getAccount(db, accountId)
      return {
        accountId: id,
        accountPublicId: public_id,
        currency,
        personId: null,
        role: 'owner',
        access: 'full',
        keyId: null,
        keyName: null,
        bearingKeyId,
        requestId: null,
        remoteAddress: null,
      }
    },

    /** Nobody else makes what an account has a limited number of, until the transaction ends. */
    async lock(tx: Tx, accountId: string) {
      await store.lockAccount(tx, accountId)
    },

    /** Addresses of those who decide about money, and are told about it. */
    async payers(db: Database | Tx, accountId: string): Promise<string[]> {
      const owners = await store.ownersEmails(db, accountId)
      if (owners.length > 0) return owners
      const { email } = await store.getAccount(db, accountId)
      return email === null ? [] : [email]
    },

    /** There is somebody who can be billed. */
    async hasCompleteProfile(db: Database | Tx, { accountId }: Pick<Caller, 'accountId'>) {
      const { address_line, postal_code, country } = await store.getAccount(db, accountId)
      return Boolean(address_line && postal_code && country)
    },

    /** Answers the text of the key, which nobody can find out again. */
    async createKey(
      tx: Tx,
      accountId: string,
      input: {
        name: string
        expiresAt?: Date | undefined
        role?: Role | undefined
        access?: Access | undefined
      },
      actor?: Caller,
    ): Promise<{ key: store.ApiKey; text: string }> {
      if (!/^[A-Za-z0-9 ._-]{1,50}$/.test(input.name)) {
        throw new ValidationError({
          name: ['Use 1 to 50 letters, digits, spaces, hyphens, underscores and periods.'],
        })
      }
      const now = clock.now()
      if (input.expiresAt !== undefined && input.expiresAt <= now) {
        throw new ValidationError({ expires_at: ['Must be in the future.'] })
      }
      await store.lockAccount(tx, accountId)
      const live = await store.liveApiKeys(tx, accountId)
      if (live.some((key) => key.name.toLowerCase() === input.name.toLowerCase())) {
        throw new NameTaken('an API key', input.name)
      }
      if (live.length >= apiKeysPerAccount) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An account has at most ${apiKeysPerAccount} API keys; revoke one first`,
        )
      }
      const text = newKeyText()
      const key = await store.insertApiKey(tx, {
        id: newUuid(),
        account_id: accountId,
        name: input.name,
        prefix: text.slice(0, prefixLength),
        hash: hashOf(text),
        role: input.role ?? 'owner',
        access: input.access ?? 'full',
        person_id: actor?.personId ?? null,
        created_at: now,
        last_used_at: null,
        expires_at: input.expiresAt ?? null,
        revoked_at: null,
      })
      await auditKey(tx, 'create', key, actor)
      return { key, text }
    },

    listKeys: (db: Database | Tx, accountId: string) => store.liveApiKeys(db, accountId),

    /** By its name, as whoever has the host does, or by its id. */
    async revokeKey(tx: Tx, accountId: string, which: string | { id: string }, actor?: Caller) {
      const key = await store.revokeApiKey(tx, accountId, which, clock.now())
      if (key === undefined) {
        throw new NotFound('API key', typeof which === 'string' ? `"${which}"` : which.id)
      }
      return revoked(tx, key, actor)
    },

    /** Those that a person made; without one, all. */
    async revokeKeysOf(tx: Tx, accountId: string, actor: Caller, personId?: string) {
      for (const { id, person_id } of await store.liveApiKeys(tx, accountId)) {
        if (personId !== undefined && person_id !== personId) continue
        const key = await store.revokeApiKey(tx, accountId, { id }, clock.now())
        if (key !== undefined) await revoked(tx, key, actor)
      }
    },

    /** What its keys or people may do is another thing once this commits; every process hears of it. */
    async changed(tx: Tx, accountId: string) {
      known.forgetAccount(accountId)
      await notify(tx, 'account_changed', accountId)
    },

    /** Another process changed it. */
    forgetAccount: known.forgetAccount,

    /** Another process revoked it. */
    forgetKey: known.forget,
    /** We may not have heard of a revocation. */
    forgetKeys: known.forgetAll,

    /** Whom a key acts for; null when it is unknown, revoked or expired. */
    async authenticate(
      db: Database,
      text: string,
    ): Promise<Omit<store.KeyHolder, 'expiresAt'> | null> {
      const hash = hashOf(text)
      const name = hash.toString('base64')
      const remembered = known.get(name)
      const found = remembered ?? (await store.findByKeyHash(db, hash))
      if (found === undefined) return null
      if (remembered === undefined) known.remember(name, found)
      const now = clock.now()
      const { expiresAt, ...caller } = found
      if (expiresAt !== null && expiresAt <= now) return null
      used.set(caller.keyId, now)
      return caller
    },

    /** Whom a key acts for that has proved itself before; null when it is revoked or expired by now. */
    async holder(
      db: Database | Tx,
      keyId: string,
    ): Promise<Omit<store.KeyHolder, 'expiresAt'> | null> {
      const found = await store.findByKeyId(db, keyId)
      if (found === undefined) return null
      const { expiresAt, ...caller } = found
      return expiresAt !== null && expiresAt <= clock.now() ? null : caller
    },

    /** Somebody who signed in before; null when they do not belong to an account any more. */
    async person(
      db: Database | Tx,
      personId: string,
    ): Promise<Omit<Caller, 'requestId' | 'remoteAddress'> | null> {
      const found = await store.findPersonCaller(db, personId)
      return found === undefined ? null : { ...found, access: 'full', keyId: null, keyName: null }
    },

    /** Writes when keys were last used: now and then, so that reading costs no write. */
    async flushKeyUse(db: Database) {
      const batch = [...used].map(([id, at]) => ({ id, at }))
      if (batch.length === 0) return
      await store.touchApiKeys(db, batch)
      for (const { id, at } of batch) if (used.get(id) === at) used.delete(id)
    },
  }
}

export type AccountService = ReturnType<typeof createAccountService>

const hashOf = (text: string) => createHash('sha256').update(text).digest()

const newKeyText = () =>
  `brk_${Array.from({ length: secretLength }, () => base62[randomInt(base62.length)]).join('')}`
