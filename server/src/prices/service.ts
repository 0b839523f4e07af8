/**
 * Prices that change. An operator says what something costs from a moment on; at that moment everything
 * that there is gets the price, and its bills go on at it.
 *
 *     holdPrices (shared)       whoever writes a rate, and the meter: prices stay as they are
 *     lockPrices (exclusive)    whoever changes prices, or gives what runs the new ones
 *
 * So what is written beside a change was either there when the change looked at it, or sees the change;
 * and no minute after a change is metered before the change has been applied.
 */
import type { ChangePriceRequest, PriceKind } from '@garrison/contract/operator/prices'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { type Database, isUniqueViolation, type Tx, transaction } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, NotFound, ValidationError } from '../errors.ts'
import { isUuid, newUuid } from '../ids.ts'
import { fromDecimal, toDecimal } from '../money.ts'
import { createPriceBook } from './book.ts'
import { tellAccounts } from './notices.ts'
import { applyPlan, type Plan, planRepricing } from './repricing.ts'
import * as store from './store.ts'
import {
  configuredPrices,
  type PriceChange,
  type PriceTable,
  pricedItems,
  priceIn,
  withChange,
} from './table.ts'

/** Heard by every process when a price was changed or a change withdrawn. */
export const pricesChannel = 'prices'

export function createPriceService({ clock, config }: { clock: Clock; config: Config }) {
  const book = createPriceBook({ clock, base: configuredPrices(config) })

  async function learn(db: Database | Tx) {
    const revision = await store.revision(db)
    if (revision === book.revision()) return
    book.learn((await store.standingChanges(db)).map(asChange), revision)
  }

  /** As it is once this change is in force, and all that come before it. */
  async function tableWith(tx: Tx, change: store.PriceChangeRow): Promise<PriceTable> {
    const standing = await store.standingChanges(tx)
    const before = standing.slice(0, standing.findIndex((each) => each.id === change.id) + 1)
    return before.map(asChange).reduce(withChange, book.base)
  }

  async function plan(tx: Tx, change: store.PriceChangeRow): Promise<Plan> {
    const table = await tableWith(tx, change)
    return planRepricing(tx, config, change, { table, since: change.effective_from })
  }

  /** What runs is billed at it from its moment on. The caller holds the lock. */
  async function apply(tx: Tx, change: store.PriceChangeRow) {
    const wanted = await plan(tx, change)
    await applyPlan(tx, wanted, change.effective_from)
    const now = clock.now()
    await store.markApplied(tx, change.id, now)
    return wanted
  }

  async function applyAll(tx: Tx) {
    if ((await store.dueChanges(tx, clock.now())).length === 0) return
    await store.lockPrices(tx)
    for (const change of await store.dueChanges(tx, clock.now())) {
      const applied = await apply(tx, change)
      await tellAccounts(tx, { change, plan: applied, what: 'in-force' }, clock.now())
    }
  }

  function requirePriced({ kind, item = '' }: Pick<ChangePriceRequest, 'kind' | 'item'>) {
    if (priceIn(book.base, { kind, item }) !== null) return { kind, item }
    const there = pricedItems(book.base).filter((each) => each.kind === kind)
    const names = there.map((each) => each.item)
    const message =
      names[0] === ''
        ? `There is only one price of this kind; leave item out.`
        : names.length === 0
          ? 'There is nothing of this kind in garrison.yaml.'
          : `"${item}" has no price. There are ${names.join(', ')}.`
    throw new ValidationError({ item: [message] })
  }

  const service = {
    /** The prices of now, for the catalog. */
    now: book.now,

    /** Others may have changed prices; this process knows once it has returned. */
    refresh: (db: Database) => learn(db),

    /**
     * First thing in whatever writes a rate, before it locks a row: until the transaction ends, this
     * process knows the prices, and what there is has them.
     */
    async hold(tx: Tx) {
      await applyAll(tx)
      await store.holdPrices(tx)
      await learn(tx)
    },

    /**
     * For the meter: the moment up to which everything may be metered, which no price change gets in
     * front of until the transaction ends. Null when one has to be applied before.
     */
    async meteredUntil(tx: Tx): Promise<Date | null> {
      await store.holdPrices(tx)
      const now = clock.now()
      return (await store.dueChanges(tx, now)).length === 0 ? now : null
    },

    /** Gives what there is the prices that have come into force, in their order. */
    applyDue: (db: Database) => transaction(db, applyAll),

    /** From now on or from a later moment on. Answers also how many accounts were told. */
    async change(tx: Tx, caller: Caller, input: ChangePriceRequest) {
      const { kind, item } = requirePriced(input)
      await store.lockPrices(tx)
      // In the order of their moments, or an earlier one would be laid over this one.
      await applyAll(tx)
      await learn(tx)
      const now = clock.now()
      const from = input.effective_from === undefined ? now : new Date(input.effective_from)
      if (from < now) {
        throw new ValidationError({
          effective_from: [
            'Must not be in the past: what has been billed stays. Leave it out for now.',
          ],
        })
      }
      const before = priceIn(book.at(from), { kind, item })
      const change = await insert(tx, caller, { ...input, kind, item }, from, now)
      const isNow = from.getTime() === now.getTime()
      const concerned = isNow ? await apply(tx, change) : await plan(tx, change)
      const what = isNow ? 'changed' : 'announced'
      const told = await tellAccounts(tx, { change, plan: concerned, what }, now)
      await recordAudit(
        tx,
        caller,
        {
          action: 'price.change',
          subjectKind: 'price',
          subjectId: change.id,
          detail: { kind, item, effective_from: from.toISOString(), accounts_told: told },
          before: { prices: before },
          after: { prices: input.prices },
        },
        now,
      )
      await notify(tx, pricesChannel, change.id)
      return { change: isNow ? { ...change, applied_at: now } : change, told }
    },

    async withdraw(tx: Tx, caller: Caller, id: string) {
      await store.lockPrices(tx)
      const change = isUuid(id) ? await store.lockChange(tx, id) : undefined
      if (change === undefined) throw new NotFound('Price change', id)
      const now = clock.now()
      if (change.effective_from <= now || change.applied_at !== null) {
        throw new DomainError(
          'VALIDATION_ERROR',
          'This price is in force and part of the bills; change the price again instead',
        )
      }
      const concerned = await plan(tx, change)
      await store.markWithdrawn(tx, change.id, now)
      await tellAccounts(tx, { change, plan: concerned, what: 'withdrawn' }, now)
      const { kind, item, effective_from } = change
      await recordAudit(
        tx,
        caller,
        {
          action: 'price.withdraw',
          subjectKind: 'price',
          subjectId: change.id,
          detail: { kind, item, effective_from: effective_from.toISOString() },
        },
        now,
      )
      await notify(tx, pricesChannel, change.id)
      return change
    },

    /** Changes by pages, and what is valid now with since when. */
    async list(
      db: Database,
      filter: { kind?: PriceKind | undefined; state?: 'future' | undefined },
      range: Range,
    ) {
      const now = clock.now()
      const [page, standing] = await Promise.all([
        store.pageOfChanges(
          db,
          { kind: filter.kind, future: filter.state === undefined ? undefined : now },
          range,
        ),
        store.standingChanges(db),
      ])
      const inForce = new Map(
        standing
          .filter((change) => change.effective_from <= now)
          .map((change) => [`${change.kind} ${change.item}`, change]),
      )
      const table = standing
        .filter((change) => change.effective_from <= now)
        .map(asChange)
        .reduce(withChange, book.base)
      const current = pricedItems(book.base)
        .filter(({ kind }) => filter.kind === undefined || kind === filter.kind)
        .flatMap((each) => {
          const [prices, configured] = [priceIn(table, each), priceIn(book.base, each)]
          if (prices === null || configured === null) return []
          const since = inForce.get(`${each.kind} ${each.item}`)?.effective_from ?? null
          return [{ ...each, prices, configured, since }]
        })
      const stateOf = (change: store.PriceChangeRow) =>
        change.effective_from > now
          ? ('future' as const)
          : inForce.get(`${change.kind} ${change.item}`)?.id === change.id
            ? ('in_force' as const)
            : ('past' as const)
      return { ...page, current, stateOf }
    },
  }

  function insert(
    tx: Tx,
    { accountId }: Caller,
    input: ChangePriceRequest & { item: string },
    from: Date,
    now: Date,
  ) {
    const { kind, item, prices, reason = '' } = input
    return store
      .insertChange(tx, {
        id: newUuid(),
        kind,
        item,
        usd_micros: fromDecimal(prices.USD),
        eur_micros: fromDecimal(prices.EUR),
        inr_micros: fromDecimal(prices.INR),
        effective_from: from,
        reason,
        account_id: accountId,
        created_at: now,
        applied_at: null,
        withdrawn_at: null,
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'price_changes_moment')
          ? new DomainError(
              'NAME_ALREADY_EXISTS',
              'Another change of this price has the same moment; withdraw it first, or choose another moment',
            )
          : error
      })
  }

  return service
}

export type PriceService = ReturnType<typeof createPriceService>

export const pricesOf = (row: store.PriceChangeRow) => ({
  USD: toDecimal(row.usd_micros),
  EUR: toDecimal(row.eur_micros),
  INR: toDecimal(row.inr_micros),
})

const asChange = (row: store.PriceChangeRow): PriceChange => ({
  kind: row.kind,
  item: row.item,
  prices: pricesOf(row),
  effectiveFrom: row.effective_from,
})
