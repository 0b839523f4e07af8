/**
 * The prices that this process knows of, and from when on each is valid. It is asked on every look at
 * the catalog, so it is kept in memory; `revision` tells whether the database has moved on since.
 */
import type { Clock } from '../clock.ts'
import { type PriceChange, type PriceTable, withChange } from './table.ts'

export function createPriceBook({ clock, base }: { clock: Clock; base: PriceTable }) {
  let changes: readonly PriceChange[] = []
  let revision = 0
  let known: { table: PriceTable; inForce: number } = { table: base, inForce: 0 }

  const inForceAt = (at: Date) => {
    const first = changes.findIndex((change) => change.effectiveFrom > at)
    return first === -1 ? changes.length : first
  }
  const tableOf = (inForce: number) => changes.slice(0, inForce).reduce(withChange, base)

  return {
    /** Of garrison.yaml. */
    base,
    revision: () => revision,

    /** @param all In the order in which they come into force. */
    learn(all: readonly PriceChange[], of: number) {
      changes = all
      revision = of
      known = { table: base, inForce: -1 }
    },

    at: (at: Date): PriceTable => tableOf(inForceAt(at)),

    /** The same object for as long as no price changes. */
    now(): PriceTable {
      const inForce = inForceAt(clock.now())
      if (inForce !== known.inForce) known = { table: tableOf(inForce), inForce }
      return known.table
    },
  }
}
