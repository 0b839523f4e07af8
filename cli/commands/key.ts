/** `garrison key`: API keys of an account. */
import { openAdmin } from '../admin.ts'
import { humanTime } from '../units.ts'
import type { Context, ExitCode } from './context.ts'

/** Without an account it is the first, which `up` made. */
export type KeyOptions = { readonly config?: string; readonly account?: string }

export type CreateKeyOptions = KeyOptions & {
  readonly expires?: Date
  readonly readOnly?: true
  readonly operator?: true
  readonly member?: true
}

export async function createKey(
  { terminal, json, data }: Context,
  name: string,
  { config, account, expires, readOnly, operator, member }: CreateKeyOptions,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const key = await admin.createKey({
    name,
    account,
    expiresAt: expires,
    role: operator ? 'operator' : member ? 'member' : 'owner',
    access: readOnly ? 'read-only' : 'full',
  })
  if (json) terminal.printJson(key)
  else {
    terminal.print(terminal.style('bold', key.api_key))
    terminal.note('Keep it: only its hash is stored, and nobody can show it again.')
  }
  return 0
}

export async function listKeys(
  { terminal, json, data }: Context,
  { config, account }: KeyOptions,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const keys = await admin.listKeys({ account })
  if (json) {
    terminal.printJson(keys)
    return 0
  }
  const rows = keys.map(({ name, prefix, role, access, created_at, last_used_at, expires_at }) => [
    name,
    `${prefix}…`,
    role,
    access,
    humanTime(created_at),
    humanTime(last_used_at),
    humanTime(expires_at),
  ])
  const head = ['NAME', 'BEGINS WITH', 'ROLE', 'ACCESS', 'CREATED', 'LAST USED', 'EXPIRES'].map(
    (text) => terminal.style('dim', text),
  )
  terminal.table([head, ...rows])
  return 0
}

export async function revokeKey(
  { terminal, json, data }: Context,
  name: string,
  { config, account }: KeyOptions,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const key = await admin.revokeKey({ name, account })
  if (json) terminal.printJson(key)
  else terminal.print(`Key "${key.name}" (${key.prefix}…) is revoked; requests with it get 401.`)
  return 0
}
