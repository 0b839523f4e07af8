/** `garrison credits`: what accounts may spend, where credits are needed. */
import { openAdmin } from '../admin.ts'
import type { Context, ExitCode } from './context.ts'

export type GrantOptions = {
  readonly config?: string
  readonly account?: string
  readonly for?: string
  readonly reference?: string
}

export async function grantCredits(
  { terminal, json, data }: Context,
  amount: number,
  { config, account, for: description, reference }: GrantOptions,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const grant = await admin.grantCredits({ amount, account, description, reference })
  if (json) terminal.printJson(grant)
  else {
    const [verb, preposition] = amount > 0 ? ['given', 'to'] : ['taken back', 'from']
    const what = `${Math.abs(amount)} ${grant.currency}`
    terminal.print(
      grant.granted
        ? `${what} ${verb} ${preposition} ${grant.account}; its balance is ${grant.balance} ${grant.currency}.`
        : `The reference "${reference}" was booked before; nothing is changed, the balance is ${grant.balance} ${grant.currency}.`,
    )
  }
  return 0
}
