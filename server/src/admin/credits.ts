/** What the operator gives, takes back and pays back. */
import { recordAudit } from '../accounts/audit.ts'
import { balances } from '../billing/ledger.ts'
import { systemClock } from '../clock.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import { recordEvent } from '../events/outbox.ts'
import { fromDecimal, toDecimal } from '../money.ts'
import { type AdminOptions, chosenAccount, withServices } from './with-services.ts'

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
