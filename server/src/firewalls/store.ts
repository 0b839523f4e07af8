/** Firewalls and their attachments in the database. Every function takes the account. */
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type Firewall = Selectable<Schema['firewalls']>
export type Attachment = Selectable<Schema['firewall_attachments']>

const owned = (db: Database | Tx, accountId: string) =>
  db.selectFrom('firewalls').where('firewalls.account_id', '=', accountId)

/** With how many rules it has, and how many machines it is attached to. */
const counted = (db: Database | Tx, accountId: string) =>
  owned(db, accountId)
    .selectAll('firewalls')
    .select([
      sql<number>`(select count(*) from security_rules where firewall_id = firewalls.id)`.as(
        'rule_count',
      ),
      sql<number>`(select count(*) from firewall_attachments where firewall_id = firewalls.id)`.as(
        'attachment_count',
      ),
    ])

export type CountedFirewall = Firewall & { rule_count: number; attachment_count: number }

export const findFirewall = (db: Database | Tx, accountId: string, publicId: string) =>
  counted(db, accountId).where('public_id', '=', publicId).executeTakeFirst()

/** Nobody changes, attaches or deletes it until the transaction ends. */
export const lockFirewall = (tx: Tx, accountId: string, publicId: string) =>
  owned(tx, accountId).selectAll().where('public_id', '=', publicId).forUpdate().executeTakeFirst()

/** Those that there are; always in the same order, so that nobody waits for one another. */
export const lockFirewalls = (tx: Tx, accountId: string, publicIds: readonly string[]) =>
  owned(tx, accountId)
    .selectAll()
    .where('public_id', 'in', publicIds)
    .orderBy('id')
    .forUpdate()
    .execute()

export async function isFirewallNameTaken(tx: Tx, accountId: string, name: string) {
  const row = await owned(tx, accountId)
    .select('id')
    .where((where) => where(where.fn('lower', ['name']), '=', name.toLowerCase()))
    .executeTakeFirst()
  return row !== undefined
}

export async function insertFirewall(tx: Tx, firewall: Insertable<Schema['firewalls']>) {
  await tx.insertInto('firewalls').values(firewall).execute()
}

export async function updateFirewall(
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['firewalls']> & { updated_at: Date },
) {
  await tx
    .updateTable('firewalls')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

export async function deleteFirewall(tx: Tx, accountId: string, id: string) {
  await tx
    .deleteFrom('firewalls')
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

export type FirewallFilter = { search?: string | undefined; region?: string | undefined }

/** Newest first. */
export function pageOfFirewalls(
  db: Database,
  accountId: string,
  { search, region }: FirewallFilter,
  range: Range,
) {
  let matching = counted(db, accountId)
  if (search) matching = matching.where('name', 'ilike', containing(search))
  if (region) matching = matching.where('region', '=', region)
  const newestFirst = matching.orderBy('created_at', 'desc').orderBy('id', 'desc')
  const filtered = Boolean(search || region)
  return readPage(newestFirst, filtered ? countOfMatches : counterOf(accountId, 'firewalls'), range)
}

/** Totals of the statistics cards. */
export async function firewallTotals(db: Database, accountId: string, region: string | undefined) {
  let all = owned(db, accountId)
  if (region) all = all.where('region', '=', region)
  const [firewalls, rules, attachments] = await Promise.all([
    all
      .select((select) => [
        select.fn.countAll<number>().as('total'),
        select.fn.countAll<number>().filterWhere('status', '=', 'SUCCESS').as('active'),
      ])
      .executeTakeFirstOrThrow(),
    all
      .innerJoin('security_rules', 'security_rules.firewall_id', 'firewalls.id')
      .select((select) => select.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow(),
    all
      .innerJoin('firewall_attachments', 'firewall_attachments.firewall_id', 'firewalls.id')
      .select((select) => select.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow(),
  ])
  return {
    total: firewalls.total,
    active: firewalls.active,
    rules: rules.n,
    attachments: attachments.n,
  }
}

/** With the machines that they are to; oldest first. */
export const attachmentsOf = (db: Database | Tx, accountId: string, firewallId: string) =>
  db
    .selectFrom('firewall_attachments as attachment')
    .innerJoin('instances as instance', 'instance.id', 'attachment.instance_id')
    .select([
      'attachment.id',
      'attachment.status',
      'attachment.created_at',
      'attachment.instance_id',
      'instance.public_id as instance_public_id',
      'instance.name as vm_name',
      'instance.status as instance_status',
      'instance.region',
    ])
    .where('attachment.account_id', '=', accountId)
    .where('attachment.firewall_id', '=', firewallId)
    .orderBy('attachment.created_at')
    .orderBy('attachment.id')
    .execute()

export type AttachmentWithMachine = Awaited<ReturnType<typeof attachmentsOf>>[number]

/** The firewalls of a machine, in the order of their attachment. */
export const firewallsOf = (db: Database | Tx, accountId: string, instanceId: string) =>
  counted(db, accountId)
    .innerJoin('firewall_attachments as attachment', 'attachment.firewall_id', 'firewalls.id')
    .select(['attachment.status as attachment_status', 'attachment.created_at as attached_at'])
    .where('attachment.instance_id', '=', instanceId)
    .orderBy('attachment.created_at')
    .orderBy('attachment.id')
    .execute()

export type FirewallOfMachine = Awaited<ReturnType<typeof firewallsOf>>[number]

export const findAttachment = (tx: Tx, accountId: string, firewallId: string, instanceId: string) =>
  tx
    .selectFrom('firewall_attachments')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('firewall_id', '=', firewallId)
    .where('instance_id', '=', instanceId)
    .executeTakeFirst()

export async function insertAttachment(
  tx: Tx,
  attachment: Insertable<Schema['firewall_attachments']>,
) {
  await tx.insertInto('firewall_attachments').values(attachment).execute()
}

/** Of those in one of the states `from`. */
export async function setAttachments(
  tx: Tx,
  accountId: string,
  which: { firewallId: string; instanceId?: string },
  from: readonly Attachment['status'][],
  status: Attachment['status'],
) {
  let matching = tx
    .updateTable('firewall_attachments')
    .set({ status })
    .where('account_id', '=', accountId)
    .where('firewall_id', '=', which.firewallId)
    .where('status', 'in', from)
  if (which.instanceId !== undefined)
    matching = matching.where('instance_id', '=', which.instanceId)
  await matching.execute()
}

/** The machines that a firewall is attached to; nobody else changes them until the transaction ends. */
export const lockMachinesOf = (tx: Tx, accountId: string, firewallId: string) =>
  tx
    .selectFrom('instances')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', 'in', (attachments) =>
      attachments
        .selectFrom('firewall_attachments')
        .select('instance_id')
        .where('firewall_id', '=', firewallId),
    )
    .orderBy('public_id')
    .forUpdate()
    .execute()
