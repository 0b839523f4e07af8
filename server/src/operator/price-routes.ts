import * as contract from '@garrison/contract/operator/prices'
import type { Database } from '../database/database.ts'
import { envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import { nameOf, unitOf } from '../prices/notices.ts'
import { type PriceService, pricesOf } from '../prices/service.ts'
import type { PriceChangeRow } from '../prices/store.ts'

type Deps = { db: Database; write: Write; prices: PriceService }

export function operatorPriceRoutes(app: App, { db, write, prices }: Deps) {
  app.openapi(contract.listPrices, async (c) => {
    const { page, page_size, ...filter } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total, current, stateOf } = await prices.list(db, filter, range)
    return c.json(
      {
        ...envelope(c, 'Prices retrieved successfully'),
        current: current.map(({ since, ...each }) => ({
          ...each,
          unit: unitOf[each.kind],
          since: since?.toISOString() ?? null,
        })),
        changes: rows.map((row) => changeAnswer(row, stateOf(row))),
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.changePrice, async (c) => {
    const answer = await write(c, async (tx, caller) => {
      const { change, told } = await prices.change(tx, caller, c.req.valid('json'))
      const isNow = change.applied_at !== null
      const when = isNow ? 'is changed' : `changes on ${change.effective_from.toISOString()}`
      return {
        ...envelope(c, `The price of ${nameOf(change)} ${when}`),
        price: changeAnswer(change, isNow ? 'in_force' : 'future'),
        accounts_told: told,
      }
    })
    // Whoever asks next sees it.
    await prices.refresh(db)
    return answer
  })

  app.openapi(contract.withdrawPrice, async (c) => {
    const answer = await write(c, async (tx, caller) => {
      const change = await prices.withdraw(tx, caller, c.req.valid('param').price_id)
      return { ...envelope(c, 'The price change was withdrawn'), price_id: change.id }
    })
    await prices.refresh(db)
    return answer
  })
}

const changeAnswer = (
  row: PriceChangeRow,
  state: contract.PriceChange['state'],
): contract.PriceChange => ({
  id: row.id,
  kind: row.kind,
  item: row.item,
  prices: pricesOf(row),
  unit: unitOf[row.kind],
  effective_from: row.effective_from.toISOString(),
  state,
  reason: row.reason,
  created_at: row.created_at.toISOString(),
  applied_at: row.applied_at?.toISOString() ?? null,
})
