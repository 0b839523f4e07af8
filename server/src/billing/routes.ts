import { getCreditHistory } from '@garrison/contract/billing/credits'
import {
  getInstanceBilling,
  getMicrovmBilling,
  getSnapshotBilling,
  getVolumeBilling,
  microvmBillingTypes,
} from '@garrison/contract/billing/records'
import { getBalance } from '@garrison/contract/billing/routes'
import { currencies } from '@garrison/contract/common'
import type { Database } from '../database/database.ts'
import type { DepletionService } from '../depletion/service.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset } from '../http/pagination.ts'
import { formatMoney, microsPerCent, toDecimal } from '../money.ts'
import { pageOfMovements } from './credits.ts'
import { pageOfRecords, statusOfVolumes } from './records.ts'
import type { BillingService } from './service.ts'
import {
  instanceRecord,
  microvmRecord,
  movementAnswer,
  snapshotRecord,
  totalsHead,
  volumeRecord,
} from './view.ts'

type Deps = { db: Database; billing: BillingService; depletion: DepletionService }

export function billingRoutes(app: App, { db, billing, depletion }: Deps) {
  app.openapi(getBalance, async (c) => {
    const caller = callerOf(c)
    const outlook = await depletion.outlook(db, caller)
    const { balances, balanceMicros: micros, hoursLeft: hours } = outlook
    return c.json(
      {
        ...envelope(c, 'Balance retrieved successfully'),
        balance: {
          amount: toCents(micros),
          currency: caller.currency,
          formatted: formatMoney(micros, caller.currency),
        },
        balances: Object.fromEntries(
          currencies.map((currency) => [currency, toCents(balances[currency])]),
        ),
        low_balance: billing.isLow(caller.currency, micros),
        estimated_hours_left: hours === null ? null : Math.round(hours * 100) / 100,
        timestamp: outlook.now.toISOString(),
        stage: outlook.stage,
        burn_per_hour: toDecimal(outlook.burnMicros),
        runs_out_at: outlook.runsOutAt?.toISOString() ?? null,
        depleted_at: outlook.depletedAt?.toISOString() ?? null,
        reclaims_at: outlook.reclaimsAt?.toISOString() ?? null,
      },
      200,
    )
  })

  app.openapi(getCreditHistory, async (c) => {
    const { page, limit, kind } = c.req.valid('query')
    const caller = callerOf(c)
    const range = { limit, offset: offset(page, limit) }
    const { rows, total } = await pageOfMovements(db, caller, kind, range)
    return c.json(
      {
        ...envelope(c, 'Credit history retrieved successfully'),
        entries: rows.map(movementAnswer),
        ...paging(total, page, limit),
        currency: caller.currency,
      },
      200,
    )
  })

  app.openapi(getInstanceBilling, async (c) => {
    const { page, limit, instance_id, ...filter } = c.req.valid('query')
    const { accountId, currency } = callerOf(c)
    const { rows, totals } = await pageOfRecords(
      db,
      { accountId, currency },
      { ...filter, kinds: ['instance'], resource: instance_id },
      { limit, offset: offset(page, limit) },
    )
    return c.json(
      {
        success: true as const,
        records: rows.map(instanceRecord),
        summary: {
          ...totalsHead(totals),
          completedCount: Number(totals.completed),
          hibernatedCount: Number(totals.hibernated),
        },
        ...paging(Number(totals.records), page, limit),
        currency,
      },
      200,
    )
  })

  app.openapi(getSnapshotBilling, async (c) => {
    const { page, limit, snapshot_id, ...filter } = c.req.valid('query')
    const { accountId, currency } = callerOf(c)
    const { rows, totals } = await pageOfRecords(
      db,
      { accountId, currency },
      { ...filter, kinds: ['snapshot'], resource: snapshot_id },
      { limit, offset: offset(page, limit) },
    )
    return c.json(
      {
        success: true as const,
        records: rows.map(snapshotRecord),
        summary: { ...totalsHead(totals), totalSizeGB: Number(totals.sizeGb) },
        ...paging(Number(totals.records), page, limit),
        currency,
        // Published with the answer, though records say it too: snapshots are of this tier only.
        tier: 'legacy' as const,
      },
      200,
    )
  })

  app.openapi(getMicrovmBilling, async (c) => {
    const { page, limit, resource_type, resource_id, ...filter } = c.req.valid('query')
    const { accountId, currency } = callerOf(c)
    const kinds = resource_type === undefined ? microvmBillingTypes : [resource_type]
    const { rows, totals } = await pageOfRecords(
      db,
      { accountId, currency },
      { ...filter, kinds, resource: resource_id },
      { limit, offset: offset(page, limit) },
    )
    return c.json(
      {
        success: true as const,
        records: rows.map(microvmRecord),
        summary: {
          ...totalsHead(totals),
          totalSeconds: Number(totals.seconds),
          completedCount: Number(totals.completed),
          totalSizeBytes: Number(totals.sizeBytes),
        },
        ...paging(Number(totals.records), page, limit),
        currency,
      },
      200,
    )
  })

  app.openapi(getVolumeBilling, async (c) => {
    const { page, limit, volume_id, ...filter } = c.req.valid('query')
    const { accountId, currency } = callerOf(c)
    const { rows, totals } = await pageOfRecords(
      db,
      { accountId, currency },
      { ...filter, kinds: ['volume'], resource: volume_id },
      { limit, offset: offset(page, limit) },
    )
    const statuses = await statusOfVolumes(db, accountId, rows)
    return c.json(
      {
        success: true as const,
        records: rows.map((row) => volumeRecord(row, statuses.get(row.resource_id))),
        summary: { ...totalsHead(totals), totalSizeGB: Number(totals.sizeGb) },
        ...paging(Number(totals.records), page, limit),
        currency,
      },
      200,
    )
  })
}

const paging = (total: number, page: number, limit: number) => ({
  ...{ total, page, limit },
  total_pages: Math.ceil(total / limit),
})

/** Two decimals, as published, and as it is written out: never more than can be spent. */
const toCents = (micros: number) => Math.trunc(micros / microsPerCent) / 100
