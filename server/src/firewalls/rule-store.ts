/** Security rules in the database: each is a firewall's or an instance's. Every function takes the account. */
import type { Insertable, Selectable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type Rule = Selectable<Schema['security_rules']>

/** Whose rules: internal ids. */
export type RuleOwner = { readonly firewallId: string } | { readonly instanceId: string }

export const ownerColumns = (owner: RuleOwner) =>
  'firewallId' in owner
    ? { firewall_id: owner.firewallId, instance_id: null }
    : { firewall_id: null, instance_id: owner.instanceId }

function rules(db: Database | Tx, accountId: string, owner: RuleOwner) {
  const all = db.selectFrom('security_rules').where('account_id', '=', accountId)
  return 'firewallId' in owner
    ? all.where('firewall_id', '=', owner.firewallId)
    : all.where('instance_id', '=', owner.instanceId)
}

/** Oldest first. */
export const rulesOf = (db: Database | Tx, accountId: string, owner: RuleOwner) =>
  rules(db, accountId, owner).selectAll().orderBy('created_at').orderBy('id').execute()

export const insertRule = (tx: Tx, rule: Insertable<Schema['security_rules']>) =>
  tx.insertInto('security_rules').values(rule).returningAll().executeTakeFirstOrThrow()

/** Answers it, if it was there. */
export async function deleteRule(tx: Tx, accountId: string, owner: RuleOwner, id: string) {
  const { firewall_id, instance_id } = ownerColumns(owner)
  return tx
    .deleteFrom('security_rules')
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .where((where) =>
      firewall_id === null
        ? where('instance_id', '=', instance_id)
        : where('firewall_id', '=', firewall_id),
    )
    .returningAll()
    .executeTakeFirst()
}
