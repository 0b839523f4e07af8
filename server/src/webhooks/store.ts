/** Webhooks and what is sent to them. Every function that finds some takes the account. */
import type { DeliveryStatus } from '@garrison/contract/webhooks/states'
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import type { Attempt } from '../database/schema/webhooks.ts'
import type { Schema } from '../database/schema.ts'

export type Webhook = Selectable<Schema['webhooks']>
export type Delivery = Selectable<Schema['webhook_deliveries']>

const owned = (db: Database | Tx, accountId: string) =>
  db.selectFrom('webhooks').where('account_id', '=', accountId)

export const findWebhook = (db: Database | Tx, accountId: string, publicId: string) =>
  owned(db, accountId).selectAll().where('public_id', '=', publicId).executeTakeFirst()

/** The same, and nobody changes or deletes it until the transaction ends. */
export const lockWebhook = (tx: Tx, accountId: string, publicId: string) =>
  owned(tx, accountId).selectAll().where('public_id', '=', publicId).forUpdate().executeTakeFirst()

export const insertWebhook = (tx: Tx, webhook: Insertable<Schema['webhooks']>) =>
  tx.insertInto('webhooks').values(webhook).returningAll().executeTakeFirstOrThrow()

export const updateWebhook = (
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['webhooks']>,
) =>
  tx
    .updateTable('webhooks')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

export const deleteWebhook = (tx: Tx, accountId: string, id: string) =>
  tx.deleteFrom('webhooks').where('account_id', '=', accountId).where('id', '=', id).execute()

/** Newest first. */
export const pageOfWebhooks = (db: Database, accountId: string, range: Range) =>
  readPage(
    owned(db, accountId).selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc'),
    counterOf(accountId, 'webhooks'),
    range,
  )

/**
 * Those that are switched on: of some accounts, or, for `null`, of all. They stay until the transaction
 * ends.
 */
export function listeningWebhooks(tx: Tx, accountIds: readonly string[] | null) {
  const all = tx.selectFrom('webhooks').selectAll().where('enabled', '=', true).forKeyShare()
  if (accountIds === null) return all.execute()
  return accountIds.length === 0 ? [] : all.where('account_id', 'in', accountIds).execute()
}

export const insertDeliveries = (tx: Tx, deliveries: Insertable<Schema['webhook_deliveries']>[]) =>
  tx.insertInto('webhook_deliveries').values(deliveries).returningAll().execute()

/** Newest first. */
export function pageOfDeliveries(
  db: Database,
  { account_id, id }: Pick<Webhook, 'account_id' | 'id'>,
  status: DeliveryStatus | undefined,
  range: Range,
) {
  let matching = db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('account_id', '=', account_id)
    .where('webhook_id', '=', id)
  if (status !== undefined) matching = matching.where('status', '=', status)
  const newestFirst = matching.orderBy('created_at', 'desc').orderBy('id', 'desc')
  return readPage(newestFirst, countOfMatches, range)
}

/** Newest first, each with the public id of its webhook. */
export function latestDeliveries(
  db: Database | Tx,
  accountId: string,
  of: { webhookId: string | undefined; status?: DeliveryStatus | undefined; limit: number },
) {
  let webhooks = db.selectFrom('webhooks as w').where('w.account_id', '=', accountId)
  if (of.webhookId !== undefined) webhooks = webhooks.where('w.id', '=', of.webhookId)
  return webhooks
    .innerJoinLateral(
      // Of each, by its index.
      ({ selectFrom }) => {
        const all = selectFrom('webhook_deliveries').selectAll().whereRef('webhook_id', '=', 'w.id')
        const wanted = of.status === undefined ? all : all.where('status', '=', of.status)
        return wanted.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(of.limit).as('d')
      },
      (join) => join.onTrue(),
    )
    .selectAll('d')
    .select('w.public_id')
    .orderBy('d.created_at', 'desc')
    .orderBy('d.id', 'desc')
    .limit(of.limit)
    .execute()
}

export async function hasArrived(db: Database | Tx, { account_id, id }: Webhook) {
  const found = await db
    .selectFrom('webhook_deliveries')
    .select('id')
    .where('account_id', '=', account_id)
    .where('webhook_id', '=', id)
    .where('status', '=', 'success')
    .limit(1)
    .executeTakeFirst()
  return found !== undefined
}

/** With its webhook, which stays as it is until the transaction ends. */
export async function lockDelivery(tx: Tx, accountId: string, id: string) {
  const delivery = await tx
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('account_id', '=', accountId)
    .where(sql<string>`id::text`, '=', id)
    .executeTakeFirst()
  if (delivery === undefined) return undefined
  const webhook = await owned(tx, accountId)
    .selectAll()
    .where('id', '=', delivery.webhook_id)
    .forUpdate()
    .executeTakeFirst()
  return webhook && { webhook, delivery }
}

/** What was still to be sent will not be. */
export const giveUpDeliveries = (tx: Tx, { id }: Pick<Webhook, 'id'>, now: Date) =>
  tx
    .updateTable('webhook_deliveries')
    .set({
      ...{ status: 'failed', finished_at: now, next_attempt_at: null },
      ...{ lease: null, lease_until: null },
    })
    .where('webhook_id', '=', id)
    .where('status', '=', 'pending')
    .execute()

export type Claim = {
  lease: string
  now: Date
  until: Date
  /** How many at most. */
  limit: number
  /** Of one webhook at a time; of one where nothing arrives, a single one. */
  perWebhook: number
  /** What this process is at work on, by webhook. */
  busy: ReadonlyMap<string, number>
}

/** Takes what is due, those first that have waited longest; nobody else takes it before the lease ends. */
export async function claimDeliveries(db: Database, claim: Claim) {
  const { lease, now, until, limit, perWebhook, busy } = claim
  const { rows } = await sql<Delivery>`
    update webhook_deliveries set lease = ${lease}, lease_until = ${until}
    where id in (
      select due.id from webhooks w
      left join unnest(${[...busy.keys()]}::uuid[], ${[...busy.values()]}::int[]) as b (id, n)
        on b.id = w.id
      cross join lateral (
        select d.id, d.next_attempt_at from webhook_deliveries d
        where d.webhook_id = w.id and d.status = 'pending' and d.next_attempt_at <= ${now}
          and (d.lease_until is null or d.lease_until <= ${now})
        order by d.next_attempt_at
        limit greatest(0, case when w.failing_since is null then ${perWebhook}::int else 1 end - coalesce(b.n, 0))
        for update skip locked
      ) due
      where w.enabled
      order by w.failing_since is not null, due.next_attempt_at
      limit ${limit}
    )
    returning *
  `.execute(db)
  return rows
}

export const webhookOf = (db: Database | Tx, { account_id, webhook_id }: Delivery) =>
  owned(db, account_id).selectAll().where('id', '=', webhook_id).executeTakeFirst()

export const lockWebhookOf = (tx: Tx, { account_id, webhook_id }: Delivery) =>
  owned(tx, account_id).selectAll().where('id', '=', webhook_id).forUpdate().executeTakeFirst()

/** False when the lease was lost meanwhile: somebody else tells what becomes of it. */
export async function settleDelivery(
  tx: Tx,
  { id, account_id, lease }: Delivery,
  attempt: Attempt,
  set: Pick<Delivery, 'status' | 'next_attempt_at' | 'finished_at'>,
): Promise<boolean> {
  const row = await tx
    .updateTable('webhook_deliveries')
    .set({
      ...set,
      lease: null,
      lease_until: null,
      attempts: sql`attempts || ${JSON.stringify([attempt])}::jsonb`,
    })
    .where('account_id', '=', account_id)
    .where('id', '=', id)
    .where('lease', '=', lease)
    .where('status', '=', 'pending')
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Others may take it at once. */
export const releaseDelivery = (db: Database, { id, account_id, lease }: Delivery) =>
  db
    .updateTable('webhook_deliveries')
    .set({ lease: null, lease_until: null })
    .where('account_id', '=', account_id)
    .where('id', '=', id)
    .where('lease', '=', lease)
    .execute()

/** Removes some of those that ended before; answers how many. */
export async function forgetDeliveries(db: Database, before: Date, limit: number) {
  const { numDeletedRows } = await db
    .deleteFrom('webhook_deliveries')
    .where('id', 'in', (query) =>
      query
        .selectFrom('webhook_deliveries')
        .select('id')
        .where('finished_at', '<', before)
        .limit(limit),
    )
    .executeTakeFirstOrThrow()
  return Number(numDeletedRows)
}
