/**
 * What the operator does at the machine itself, without a key: accounts, keys, stopping all machines. It
 * works on the database, whether or not a server runs on the data folder.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Access, Role } from '@garrison/contract/accounts/roles'
import { isTransitional } from '@garrison/contract/instances/states'
import { destroyQemu } from '@garrison/engines/qemu/destroy'
import { countRunning } from '@garrison/engines/qemu/running'
import { recordAudit } from './accounts/audit.ts'
import { balances } from './billing/ledger.ts'
import { createRegions, NotConfigured } from './catalog/regions.ts'
import { systemClock } from './clock.ts'
import { type Config, loadConfig } from './config.ts'
import { readCredentials } from './credentials.ts'
import { claimDataFolder, readClaim } from './data-folder.ts'
import { type Database, openDatabase, type Tx, transaction } from './database/database.ts'
import { findEmbeddedPostgres, startEmbeddedPostgres } from './database/embedded-postgres.ts'
import { migrate } from './database/migrate.ts'
import { installationMark } from './engines.ts'
import { DomainError, InvalidState, NotFound } from './errors.ts'
import { recordEvent } from './events/outbox.ts'
import {
  belongings,
  forgetInstallation,
  matchInstallation,
  readInstallationId,
} from './installation.ts'
import { lockInstallation } from './installation-lock.ts'
import { allInstances } from './instances/store.ts'
import { fromDecimal, toDecimal } from './money.ts'
import { createServices, type Services } from './services.ts'
import { linkSeconds } from './sign-in/link.ts'

const lookEveryMs = 500

export type AdminOptions = { dataDir: string; configFile?: string | undefined }

export type AccountInfo = {
  id: string
  name: string
  email: string | null
  currency: string
  created_at: string
}

export type KeyInfo = {
  name: string
  role: Role
  access: Access
  prefix: string
  created_at: string
  last_used_at: string | null
  expires_at: string | null
}

export function createAccount(
  options: AdminOptions,
  args: {
    name: string
    email?: string | undefined
    currency?: Config['billing']['currency'] | undefined
  },
): Promise<AccountInfo> {
  return withServices(options, async ({ db, config, services }) => {
    const currency = args.currency ?? config.billing.currency
    const account = await transaction(db, (tx) =>
      services.accounts.create(tx, { name: args.name, email: args.email, currency }),
    )
    return accountInfo(account)
  })
}

export type SignInLink = { url: string; account: string; expires_in: number }

/** `whom`: an account's id, or somebody's e-mail address; left out, whoever set the host up. */
export function makeSignInLink(
  options: AdminOptions,
  { whom }: { whom?: string | undefined } = {},
): Promise<SignInLink> {
  return withServices(options, async ({ db, config, services: { accounts, signIn } }) => {
    const person = await (async () => {
      if (whom?.includes('@')) return signIn.personWith(whom)
      const all = await accounts.list(db)
      const account = whom === undefined ? all[0] : await accounts.require(db, whom)
      if (account === undefined) return undefined
      const least = account.id === all[0]?.id ? 'operator' : 'owner'
      return transaction(db, (tx) => signIn.headOf(tx, account.id, least))
    })()
    if (person === undefined) throw new NotFound('Person', whom ?? 'who set the host up')
    const at = config.server.public_url ?? readCredentials(options.dataDir)?.url
    const caller = await accounts.onBehalfOf(db, person.account_id)
    return {
      url: await signIn.linkFor(person, at),
      account: caller.accountPublicId,
      expires_in: linkSeconds,
    }
  })
}

export function listAccounts(options: AdminOptions): Promise<AccountInfo[]> {
  return withServices(options, async ({ db, services }) =>
    (await services.accounts.list(db)).map(accountInfo),
  )
}

/** Without `account`, keys are those of the first account, which `up` made. */
export function createKey(
  options: AdminOptions,
  args: {
    name: string
    account?: string | undefined
    expiresAt?: Date | undefined
    /** An owner's unless it is said. */
    role?: Role | undefined
    access?: Access | undefined
  },
): Promise<KeyInfo & { api_key: string }> {
  return withServices(options, async ({ db, services }) => {
    const account = await chosenAccount(db, services, args.account)
    const { key, text } = await transaction(db, (tx) =>
      services.accounts.createKey(tx, account.id, args),
    )
    return { ...keyInfo(key), api_key: text }
  })
}

export function listKeys(
  options: AdminOptions,
  args: { account?: string | undefined } = {},
): Promise<KeyInfo[]> {
  return withServices(options, async ({ db, services }) => {
    const account = await chosenAccount(db, services, args.account)
    return (await services.accounts.listKeys(db, account.id)).map(keyInfo)
  })
}

export function revokeKey(
  options: AdminOptions,
  args: { name: string; account?: string | undefined },
): Promise<KeyInfo> {
  return withServices(options, async ({ db, services }) => {
    const account = await chosenAccount(db, services, args.account)
    const key = await transaction(db, (tx) =>
      services.accounts.revokeKey(tx, account.id, args.name),
    )
    return keyInfo(key)
  })
}

export type GrantInfo = {
  account: string
  amount: number
  currency: string
  /** False when the reference was granted before: then nothing was given. */
  granted: boolean
  balance: number
}

/** Credits that the operator gives; a negative amount takes back. In the account's currency. */
export function grantCredits(
  options: AdminOptions,
  grant: {
    amount: number
    account?: string | undefined
    description?: string | undefined
    reference?: string | undefined
  },
): Promise<GrantInfo> {
  return withServices(options, async ({ db, services }) => {
    const { billing } = services
    const account = await chosenAccount(db, services, grant.account)
    const { id: accountId, currency, public_id } = account
    const { amount, reference } = grant
    const balance = async (tx: Database | Tx) =>
      toDecimal((await balances(tx, accountId))[currency])
    const granted = await transaction(db, async (tx) => {
      const before = { balance: await balance(tx) }
      const booked = await billing.grant(tx, {
        ...{ accountId, currency, micros: fromDecimal(amount) },
        description: grant.description ?? 'Credits from the operator',
        ...(reference !== undefined && { reference: `grant ${public_id} ${reference}` }),
      })
      if (!booked) return false
      const about = { subjectKind: 'account', subjectId: public_id }
      const [detail, now] = [{ amount, currency }, systemClock.now()]
      const after = { balance: await balance(tx) }
      const entry = { action: 'credits.grant', ...about, detail: { ...detail, reference } }
      await recordAudit(tx, { accountId }, { ...entry, before, after }, now)
      const event = { accountId, kind: 'credits.granted', ...about, data: detail } as const
      await recordEvent(tx, event, now)
      return true
    })
    return { account: public_id, amount, currency, granted, balance: await balance(db) }
  })
}

export type RefundInfo = {
  order: string
  /** Of the order, after this. */
  order_state: string
  amount: number
  credits: number
  currency: string
  /** `requested`: the provider has not confirmed it; the server goes on asking. */
  state: string
}

/** Pays back what was paid for an order, or a part of it, and takes the credits back. */
export function refundOrder(
  options: AdminOptions,
  args: { order: string; amount?: number | undefined; reason?: string | undefined },
): Promise<RefundInfo> {
  return withServices(options, async ({ db, services }) => {
    const { order, refund } = await services.refunds.refund(db, {
      orderId: args.order,
      ...(args.amount !== undefined && { micros: fromDecimal(args.amount) }),
      ...(args.reason !== undefined && { reason: args.reason }),
    })
    return {
      order: order.public_id,
      order_state: order.state,
      amount: toDecimal(refund.amount_micros),
      credits: toDecimal(refund.credits_micros ?? 0),
      currency: order.currency,
      state: refund.state,
    }
  })
}

export type StoppedMachine = { id: string; name: string; note: string | null; error: string | null }

/**
 * Shuts down every machine that runs or is about to, by way of the server, and waits until all have
 * stopped. What is under way on a machine ends first. One that cannot be stopped holds up no other.
 */
export async function stopMachines(
  options: AdminOptions,
  report: (machine: StoppedMachine) => void = () => {},
): Promise<StoppedMachine[]> {
  const served = requireServer(options).regions
  return withServices(options, async ({ db, services }) => {
    const machines = (await allInstances(db)).filter(
      ({ status }) => status === 'ACTIVE' || isTransitional(status),
    )
    const stopped = await Promise.all(
      machines.map(async (machine) => {
        const { public_id: id, name, region } = machine
        const outcome = await (served.includes(region)
          ? stopMachine(options, { db, services }, (tx) =>
              services.instances.stopForOperator(tx, machine),
            )
          : Promise.reject(new NotConfigured(region))
        ).catch((error: unknown) => ({ note: null, error: wordsOf(error) }))
        if (outcome === null) return null
        const ended = { id, name, note: outcome.note, error: outcome.error }
        report(ended)
        return ended
      }),
    )
    const small = await services.microvms.running(db)
    const suspended = await Promise.all(
      small
        .filter(({ region }) => served.includes(region))
        .map(async (machine) => {
          const { public_id: id } = machine
          const begin = (tx: Tx) => services.microvms.suspendForOperator(tx, machine)
          const outcome = await stopMachine(options, { db, services }, begin).catch(
            (error: unknown) => ({ note: null, error: wordsOf(error) }),
          )
          if (outcome === null) return null
          const ended = { id, name: id, note: outcome.note, error: outcome.error }
          report(ended)
          return ended
        }),
    )
    return [...stopped, ...suspended].filter((machine) => machine !== null)
  })
}

/** Null when it was off, or gone, before it could be stopped. */
async function stopMachine(
  options: AdminOptions,
  { db, services }: { db: Database; services: Services },
  begin: (tx: Tx) => Promise<string>,
) {
  for (;;) {
    requireServer(options)
    try {
      const operation = await transaction(db, begin)
      return await untilEnded(options, services, operation)
    } catch (error) {
      if (error instanceof InvalidState) return null
      if (!(error instanceof DomainError && error.code === 'OPERATION_IN_PROGRESS')) throw error
    }
    await pause(lookEveryMs)
  }
}

/**
 * Stops our own PostgreSQL, which goes on when its server is killed. Answers whether it ran. Throws
 * {@link AlreadyRunning} when a server needs it.
 */
export async function stopDatabase({ dataDir }: Pick<AdminOptions, 'dataDir'>): Promise<boolean> {
  const found = findEmbeddedPostgres(join(dataDir, 'postgres'))
  if (found === null) return false
  const claim = claimDataFolder(dataDir)
  try {
    await found.stop()
  } finally {
    claim.release()
  }
  return true
}

export type LeftRunning = { database: boolean; machines: number; microvms: number }

/** What of this data folder runs on the host, whether or not a server does. Asks no database. */
export async function leftRunning({
  dataDir,
}: Pick<AdminOptions, 'dataDir'>): Promise<LeftRunning> {
  const id = readInstallationId(dataDir)
  const running =
    id === null
      ? { machines: 0, microvms: 0 }
      : await countRunning({ dataDir, mark: installationMark(id) })
  return { database: findEmbeddedPostgres(join(dataDir, 'postgres')) !== null, ...running }
}

/**
 * Takes everything off the host that this data folder put there, and the folder itself. Refuses while a
 * server runs on it, or while there is anything that somebody may miss.
 */
export async function uninstall(options: AdminOptions): Promise<void> {
  const { dataDir } = options
  const claim = claimDataFolder(dataDir)
  try {
    await withServices(options, async ({ db }) => {
      const { id } = await matchInstallation(db, dataDir)
      requireNothingLeft(await belongings(db))
      // What is on the host may be the original's, of which this folder is a copy.
      const lock = await lockInstallation(id, dataDir)
      await destroyQemu({ dataDir, mark: installationMark(id) }).finally(() => lock.release())
    })
    // One that a killed server left was there before us, and would go on without its folder.
    await findEmbeddedPostgres(join(dataDir, 'postgres'))?.stop()
    forgetInstallation(dataDir)
    await rm(dataDir, { recursive: true, force: true })
  } finally {
    claim.release()
  }
}

function requireNothingLeft(left: Awaited<ReturnType<typeof belongings>>) {
  const words = left
    .filter(({ rows }) => rows.length > 0)
    .map(({ one, many, rows }) => {
      const names = rows.map(({ public_id, name }) =>
        name === null ? public_id : `${public_id} ${name}`,
      )
      return `${rows.length} ${rows.length === 1 ? one : many} (${names.join(', ')})`
    })
  if (words.length > 0) throw new Error(`Delete first what is left: ${words.join('; ')}`)
}

function requireServer({ dataDir }: AdminOptions) {
  const claim = readClaim(dataDir)
  if (claim !== null) return claim
  throw new Error('No server runs on this data folder; start it with "garrison up" first')
}

/** Nobody tells this process when an operation ends, so it looks. */
async function untilEnded(options: AdminOptions, services: Services, operation: string) {
  for (;;) {
    const ended = await services.operations.wait(operation, lookEveryMs)
    if (ended !== null) return ended
    requireServer(options)
  }
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

async function chosenAccount(db: Database, services: Services, publicId: string | undefined) {
  if (publicId !== undefined) return services.accounts.require(db, publicId)
  const [first] = await services.accounts.list(db)
  if (first === undefined) {
    throw new Error('There is no account yet; "garrison up" or "garrison account create" makes one')
  }
  return first
}

async function withServices<T>(
  { dataDir, configFile }: AdminOptions,
  use: (context: { db: Database; config: Config; services: Services }) => Promise<T>,
): Promise<T> {
  const loaded = loadConfig({ dataDir, file: configFile })
  // Nobody signs in here, so identity providers need not be asked where they are.
  const config = { ...loaded, auth: { ...loaded.auth, providers: [] } }
  await using stack = new AsyncDisposableStack()
  let connection: Parameters<typeof openDatabase>[0] = {
    connectionString: config.database.url ?? '',
  }
  if (config.database.url === null) {
    const postgres = await startEmbeddedPostgres({ dir: join(dataDir, 'postgres'), log: () => {} })
    // A server's database goes on when we are done; one that only we wanted does not.
    stack.defer(() => (postgres.adopted ? postgres.leave() : postgres.stop()))
    connection = postgres.connection
  }
  await migrate(connection, () => {})
  const { db } = openDatabase({ ...connection, max: 4 })
  stack.defer(() => db.destroy())
  const clock = systemClock
  const regions = createRegions({ engines: new Map(), clock })
  return await use({ db, config, services: createServices({ db, clock, config, regions }) })
}

type Account = Awaited<ReturnType<Services['accounts']['list']>>[number]
type Key = Awaited<ReturnType<Services['accounts']['listKeys']>>[number]

const accountInfo = (account: Account): AccountInfo => ({
  id: account.public_id,
  name: account.name,
  email: account.email,
  currency: account.currency,
  created_at: account.created_at.toISOString(),
})

const keyInfo = (key: Key): KeyInfo => ({
  name: key.name,
  role: key.role,
  access: key.access,
  prefix: key.prefix,
  created_at: key.created_at.toISOString(),
  last_used_at: key.last_used_at?.toISOString() ?? null,
  expires_at: key.expires_at?.toISOString() ?? null,
})
