import type { Database } from '../database/database.ts'
import type { Listener } from '../database/listen.ts'
import type { Log } from '../log.ts'
import { repeat } from '../repeat.ts'
import { type PriceService, pricesChannel } from './service.ts'
import type { PriceTable } from './table.ts'

/** Only a look at what is in memory, unless a price has changed. */
const lookMs = 1_000

/** Knows the prices before anybody asks, and applies changes at their moment. */
export async function keepPrices(deps: {
  db: Database
  prices: PriceService
  listener: Listener
  log: Log
}) {
  const { db, prices, listener, log } = deps
  await prices.refresh(db)
  let applied: PriceTable | null = null
  const looking = repeat(
    'price changes',
    async () => {
      const table = prices.now()
      if (table === applied) return
      await prices.applyDue(db)
      applied = table
    },
    { everyMs: lookMs, log },
  )
  const hear = () => {
    prices.refresh(db).then(looking.poke, (error: unknown) => {
      // Whoever writes a rate looks for itself.
      log('warn', 'cannot read the prices', { error })
    })
  }
  await listener.subscribe(pricesChannel, hear)
  listener.onReconnect(hear)
  return looking
}
