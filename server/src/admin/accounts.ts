/** Accounts, their keys, and links that sign people in. */
import type { Access, Role } from '@garrison/contract/accounts/roles'
import type { Config } from '../config.ts'
import { readCredentials } from '../credentials.ts'
import { transaction } from '../database/database.ts'
import { NotFound } from '../errors.ts'
import type { Services } from '../services.ts'
import { linkSeconds } from '../sign-in/link.ts'
import { type AdminOptions, chosenAccount, withServices } from './with-services.ts'

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
