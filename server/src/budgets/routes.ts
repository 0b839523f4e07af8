import * as contract from '@garrison/contract/budgets/routes'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import { fromDecimal } from '../money.ts'
import type { BudgetService } from './service.ts'
import { budgetAnswer } from './view.ts'

type Deps = { db: Database; write: Write; budgets: BudgetService }

const toMicros = ({ monthly_cap }: contract.SetBudgetRequest) =>
  monthly_cap === null ? null : fromDecimal(monthly_cap)

export function budgetRoutes(app: App, { db, write, budgets }: Deps) {
  app.openapi(contract.getBudget, async (c) => {
    const status = await budgets.ofAccount(db, callerOf(c))
    return c.json(
      { ...envelope(c, 'Budget retrieved successfully'), budget: budgetAnswer(status) },
      200,
    )
  })

  app.openapi(contract.setBudget, (c) =>
    write(c, async (tx, caller) => {
      const status = await budgets.setOfAccount(tx, caller, toMicros(c.req.valid('json')))
      return { ...envelope(c, 'Budget changed successfully'), budget: budgetAnswer(status) }
    }),
  )

  app.openapi(contract.getApiKeyBudget, async (c) => {
    const { api_key_id } = c.req.valid('param')
    const { key, status } = await budgets.ofKey(db, callerOf(c), api_key_id)
    return c.json(
      {
        ...envelope(c, 'Budget retrieved successfully'),
        api_key: key,
        budget: budgetAnswer(status),
      },
      200,
    )
  })

  app.openapi(contract.setApiKeyBudget, (c) =>
    write(c, async (tx, caller) => {
      const { api_key_id } = c.req.valid('param')
      const micros = toMicros(c.req.valid('json'))
      const { key, status } = await budgets.setOfKey(tx, caller, api_key_id, micros)
      return {
        ...envelope(c, 'Budget changed successfully'),
        api_key: key,
        budget: budgetAnswer(status),
      }
    }),
  )
}
