import { getBalance } from '@garrison/contract/billing/routes'
import { currencies } from '@garrison/contract/common'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { formatMoney, toDecimal } from '../money.ts'
import type { BillingService } from './service.ts'

type Deps = { db: Database; clock: Clock; billing: BillingService }

export function billingRoutes(app: App, { db, clock, billing }: Deps) {
  app.openapi(getBalance, async (c) => {
    const caller = callerOf(c)
    const left = await billing.balances(db, caller)
    const micros = left[caller.currency]
    return c.json(
      {
        ...envelope(c, 'Balance retrieved successfully'),
        balance: {
          amount: toCents(micros),
          currency: caller.currency,
          formatted: formatMoney(micros, caller.currency),
        },
        balances: Object.fromEntries(
          currencies.map((currency) => [currency, toCents(left[currency])]),
        ),
        low_balance: billing.isLow(caller.currency, micros),
        estimated_hours_left: null,
        timestamp: clock.now().toISOString(),
      },
      200,
    )
  })
}

/** Two decimals, as published. */
const toCents = (micros: number) => Math.round(toDecimal(micros) * 100) / 100
