/** `garrison account`: tenants of this installation. */
import { openAdmin } from '../admin.ts'
import { humanTime } from '../units.ts'
import type { Context, ExitCode } from './context.ts'

type Where = { readonly config?: string }
export type CreateAccountOptions = Where & { readonly email?: string }

export async function createAccount(
  { terminal, json, data }: Context,
  name: string,
  { config, email }: CreateAccountOptions,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const account = await admin.createAccount({ name, email })
  if (json) {
    terminal.printJson(account)
    return 0
  }
  terminal.print(`Account ${account.id} is made for ${account.name}.`)
  terminal.print(`Give it a key: ./garrison key create NAME --account ${account.id}`)
  return 0
}

export async function listAccounts(
  { terminal, json, data }: Context,
  { config }: Where,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const accounts = await admin.listAccounts()
  if (json) {
    terminal.printJson(accounts)
    return 0
  }
  const rows = accounts.map(({ id, name, email, currency, created_at }) => [
    id,
    name,
    email ?? '–',
    currency,
    humanTime(created_at),
  ])
  const head = ['ID', 'NAME', 'E-MAIL', 'CURRENCY', 'CREATED'].map((text) =>
    terminal.style('dim', text),
  )
  terminal.table([head, ...rows])
  return 0
}

export async function linkAccount(
  { terminal, json, data }: Context,
  whom: string | undefined,
  { config }: Where,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const link = await admin.makeSignInLink({ whom })
  if (json) {
    terminal.printJson(link)
    return 0
  }
  terminal.print(link.url)
  terminal.note(`It signs in to account ${link.account}, once, within an hour.`)
  return 0
}
