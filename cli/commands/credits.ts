/** `garrison credits`: what accounts may spend, where credits are needed. */
import { openAdmin } from '../admin.ts'
import { Failure } from '../failure.ts'
import type { Context, ExitCode } from './context.ts'

export type GrantOptions = {
  readonly config?: string
  readonly account?: string
  readonly for?: string
  readonly reference?: string
}

export async function grantCredits(
  { terminal, json, yes, data }: Context,
  amount: number,
  { config, account, for: description, reference }: GrantOptions,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  if (amount < 0 && !yes) {
    if (!terminal.interactive) {
      throw new Failure('Nobody is here to ask whether credits may be taken back', {
        advice: [`Say so yourself: ./garrison credits grant --yes -- ${amount}`],
      })
    }
    const question = `Take ${-amount} of credits back from ${account ?? 'the first account'}?`
    if (!(await terminal.confirm(question))) throw new Failure('Nothing was taken back')
  }
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

export type RefundOptions = {
  readonly config?: string
  readonly amount?: number
  readonly for?: string
}

export async function refundOrder(
  { terminal, json, data }: Context,
  order: string,
  { config, amount, for: reason }: RefundOptions,
): Promise<ExitCode> {
  const admin = await openAdmin({ data, config })
  const refund = await admin.refundOrder({ order, amount, reason })
  if (json) {
    terminal.printJson(refund)
    return 0
  }
  const { currency } = refund
  terminal.print(
    `${refund.amount} ${currency} go back, and ${refund.credits} ${currency} of credits were taken for it; the order is ${refund.order_state}.`,
  )
  if (refund.state === 'requested') {
    terminal.warn('The payment provider has not confirmed it yet; the server goes on asking.')
  }
  return 0
}
