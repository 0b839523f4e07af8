/**
 * The rules for looking into a machine: who may, when there is something to see, and for how long a
 * token is good. What is typed and what is seen is never written down; that somebody looked is.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { type LineKind, tokenSeconds } from '@garrison/contract/instances/console-routes'
import { whyNotWatch } from '@garrison/contract/instances/states'
import { NotFoundError, NotRunningError, UnsupportedError } from '@garrison/engines/engine'
import { recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import type { RequestCaller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import { DomainError, InvalidState } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import type { InstanceService } from '../instances/service.ts'
import { createSessions, type Holder, type Session } from './sessions.ts'
import * as store from './store.ts'

/** Of one machine, at a time: more than that nobody can use within their minute. */
const mostTokens = 50
const tokenBytes = 32

/** Who comes: somebody with a key, or whoever was given a token, and from where. */
export type Visitor =
  | RequestCaller
  | { readonly token: string; readonly requestId: string; readonly remoteAddress: string | null }

/** Unknown, used, too old, or another machine's: the visitor cannot tell which. */
export class WrongToken extends DomainError {
  override name = 'WrongToken'
  constructor(kind: LineKind) {
    super(
      'INVALID_API_KEY',
      `This token does not open this ${kind}: it is unknown, used or expired; get a new one`,
    )
  }
}

type Instance = Awaited<ReturnType<InstanceService['require']>>

export type ConsoleServiceDeps = {
  clock: Clock
  regions: Regions
  accounts: AccountService
  instances: InstanceService
}

export function createConsoleService({ clock, regions, accounts, instances }: ConsoleServiceDeps) {
  const sessions = createSessions()

  /** Null when there is nobody any more, or their account is suspended. */
  async function holderOf(db: Database | Tx, { keyId, personId }: Holder) {
    const holder =
      keyId !== null
        ? await accounts.holder(db, keyId)
        : personId && (await accounts.person(db, personId))
    return holder && !accounts.suspensions.isSuspended(holder.accountId) ? holder : null
  }

  async function identify(
    tx: Tx,
    visitor: Visitor,
    id: string,
    kind: LineKind,
  ): Promise<RequestCaller> {
    if (!('token' in visitor)) return visitor
    const { token, ...from } = visitor
    const wanted = { hash: hashOf(token), instancePublicId: id, kind, now: clock.now() }
    const taken = await store.takeToken(tx, wanted)
    const holder =
      taken && (await holderOf(tx, { keyId: taken.api_key_id, personId: taken.person_id }))
    if (!holder) throw new WrongToken(kind)
    return { ...holder, ...from }
  }

  function requireWatchable(instance: Instance, kind: LineKind) {
    if (!regions.capabilities(instance.region)[kind]) {
      throw new DomainError('TIER_NOT_SUPPORTED', `${instance.region} has no ${kind}s of machines`)
    }
    const refusal = whyNotWatch(instance.status)
    if (refusal !== null) throw new InvalidState('instance', refusal)
  }

  async function tellOf(
    tx: Tx,
    caller: RequestCaller,
    instance: Instance,
    verb: string,
    kind: LineKind,
  ) {
    const about = { subjectKind: 'instance', subjectId: instance.public_id }
    const now = clock.now()
    await recordAudit(tx, caller, { action: `instance.${kind}.${verb}`, ...about, detail: {} }, now)
    if (verb !== 'open') return
    const event = {
      accountId: caller.accountId,
      kind: `instance.${kind}-opened`,
      ...about,
    } as const
    await recordEvent(tx, { ...event, data: {} }, now)
  }

  async function connect(instance: Instance, kind: LineKind): Promise<Duplex> {
    const engine = regions.engine(instance.region)
    try {
      return await engine[kind](instance.id)
    } catch (error) {
      if (error instanceof UnsupportedError)
        throw new DomainError('TIER_NOT_SUPPORTED', error.message, { cause: error })
      if (!(error instanceof NotRunningError || error instanceof NotFoundError)) throw error
      throw new InvalidState(
        'instance',
        `Instance is ${instance.status}, but its machine does not run right now; try again shortly`,
      )
    }
  }

  return {
    /** Places of viewers, also of terminals elsewhere: who has to go from here has to go from there. */
    viewers: sessions,
    holderOf,

    async issueToken(tx: Tx, caller: RequestCaller, id: string, kind: LineKind) {
      const { instance } = await instances.lock(tx, caller, id)
      requireWatchable(instance, kind)
      const now = clock.now()
      await store.deleteExpiredTokens(tx, now)
      if ((await store.countLiveTokens(tx, instance.id, now)) >= mostTokens) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `This instance has ${mostTokens} unused tokens; use one, or wait a minute`,
        )
      }
      const token = randomBytes(tokenBytes).toString('base64url')
      const expiresAt = new Date(now.getTime() + tokenSeconds * 1000)
      await store.insertToken(tx, {
        hash: hashOf(token),
        instance_id: instance.id,
        api_key_id: caller.keyId,
        person_id: caller.personId,
        kind,
        expires_at: expiresAt,
      })
      await tellOf(tx, caller, instance, 'token', kind)
      return { instance, token, expiresAt }
    },

    /**
     * A line into the machine, which the caller closes. `beforeAnything` is asked when all is well and
     * nothing has happened yet, and may throw. Gives the place back when the line closes.
     */
    async open(
      db: Database,
      visitor: Visitor,
      id: string,
      kind: LineKind,
      beforeAnything: () => void,
    ): Promise<{ line: Duplex; session: Session }> {
      const { caller, instance } = await transaction(db, async (tx) => {
        const caller = await identify(tx, visitor, id, kind)
        const instance = await instances.require(tx, caller, id)
        requireWatchable(instance, kind)
        // Here, where throwing gives the token back; the place itself is taken when all is well.
        sessions.requirePlace(instance.id, kind)
        beforeAnything()
        await tellOf(tx, caller, instance, 'open', kind)
        return { caller, instance }
      })
      const session = sessions.enter(instance.id, kind, caller)
      try {
        const line = await connect(instance, kind)
        // It may break before anybody listens.
        line.on('error', () => {})
        line.once('close', session.leave)
        return { line, session }
      } catch (error) {
        session.leave()
        throw error
      }
    },

    /** The end of what the machine has printed; nothing as long as there is no machine. */
    async log(db: Database, caller: RequestCaller, id: string, bytes: number) {
      const instance = await instances.require(db, caller, id)
      if (!regions.capabilities(instance.region).console) {
        throw new DomainError('TIER_NOT_SUPPORTED', `${instance.region} has no consoles`)
      }
      if (instance.status === 'DELETED') {
        throw new InvalidState('instance', 'Instance is DELETED, and its console log with it')
      }
      try {
        const log = await regions.engine(instance.region).consoleLog(instance.id, bytes)
        return { instance, log: textOf(log) }
      } catch (error) {
        if (error instanceof NotFoundError) return { instance, log: '' }
        throw error
      }
    },

    /** Whoever came in by this key has to go. */
    closeOf: sessions.closeOf,
    /** Whoever signed in as this person has to go. */
    closeOfPerson: sessions.closeOfPerson,

    /** Whoever came in by a key that has expired by now, or was revoked and nobody heard of it. */
    async closeOfGone(db: Database) {
      for (const holder of sessions.holders()) {
        if ((await holderOf(db, holder)) !== null) continue
        if (holder.keyId !== null) sessions.closeOf(holder.keyId)
        else if (holder.personId !== null) sessions.closeOfPerson(holder.personId)
      }
    },
  }
}

export type ConsoleService = ReturnType<typeof createConsoleService>

const hashOf = (token: string) => createHash('sha256').update(token).digest()

/** The cut may be in the middle of a character, whose rest is left out. */
function textOf(bytes: Uint8Array): string {
  let from = 0
  while (from < 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from++
  return new TextDecoder().decode(bytes.subarray(from))
}
