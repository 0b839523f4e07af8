/**
 * What one machine is held to, and how far it has got there.
 *
 * Wanted are the machine's own rules and those of every firewall that is attached or to be attached. An
 * attachment whose removal failed is still one: the machine has its rules, and so it has them again
 * after the next change.
 *
 * Firewalls are locked before the machine, as whoever changes a firewall does, and before it is asked
 * whether all machines of a firewall are done: two that end at once would each miss the other.
 */
import type { FirewallRule } from '@garrison/engines/engine'
import type { Database, Tx } from '../database/database.ts'

/** The whole set; `null`: no rules and no firewall, so nothing is filtered. */
export async function machineRules(
  db: Database | Tx,
  accountId: string,
  instanceId: string,
): Promise<FirewallRule[] | null> {
  const attached = db
    .selectFrom('firewall_attachments')
    .select('firewall_id')
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', '<>', 'DETACHING')
  const rules = await db
    .selectFrom('security_rules')
    .select(['direction', 'ethertype', 'protocol', 'port_min', 'port_max', 'cidr'])
    // Two firewalls may say the same.
    .distinct()
    .where('account_id', '=', accountId)
    .where((where) =>
      where.or([where('instance_id', '=', instanceId), where('firewall_id', 'in', attached)]),
    )
    .orderBy('direction')
    .orderBy('ethertype')
    .orderBy('protocol')
    .orderBy('port_min')
    .orderBy('port_max')
    .orderBy('cidr')
    .execute()
  if (rules.length === 0 && (await attached.limit(1).executeTakeFirst()) === undefined) return null
  return rules.map(({ direction, ethertype, protocol, port_min, port_max, cidr }) => ({
    direction,
    ethertype,
    protocol,
    portMin: port_min,
    portMax: port_max,
    cidr,
  }))
}

/** What is wanted of it has changed. */
export async function bumpRevision(tx: Tx, accountId: string, instanceId: string) {
  await tx
    .updateTable('instances')
    .set((set) => ({ rules_revision: set('rules_revision', '+', 1) }))
    .where('account_id', '=', accountId)
    .where('id', '=', instanceId)
    .execute()
}

/** The machine has the rules of this revision. When more was asked for meanwhile, that is still to come. */
export async function rulesInForce(
  tx: Tx,
  accountId: string,
  instanceId: string,
  revision: number,
) {
  await lockFirewalls(tx, accountId, instanceId)
  const instance = await lock(tx, accountId, instanceId)
  if (instance?.rules_revision !== revision) return
  const attached = await tx
    .updateTable('firewall_attachments')
    .set({ status: 'SUCCESS' })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', 'in', ['ATTACHING', 'ERROR'])
    .returning('firewall_id')
    .execute()
  const detached = await tx
    .deleteFrom('firewall_attachments')
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', '=', 'DETACHING')
    .returning('firewall_id')
    .execute()
  await tx
    .updateTable('security_rules')
    .set({ status: 'SUCCESS' })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', '<>', 'SUCCESS')
    .execute()
  await settleFirewalls(tx, accountId, [...attached, ...detached])
}

/**
 * The machine could not be brought to the rules that are wanted, and keeps those that it had. Unless
 * another attempt is on its way already.
 */
export async function rulesNotInForce(tx: Tx, accountId: string, instanceId: string) {
  await lockFirewalls(tx, accountId, instanceId)
  await lock(tx, accountId, instanceId)
  if (await isAnotherAttemptPending(tx, instanceId)) return
  const failed = await tx
    .updateTable('firewall_attachments')
    .set({ status: 'ERROR' })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', 'in', ['ATTACHING', 'DETACHING'])
    .returning('firewall_id')
    .execute()
  await tx
    .updateTable('security_rules')
    .set({ status: 'ERROR' })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', '=', 'CREATING')
    .execute()
  if (failed.length === 0) return
  const firewalls = failed.map((each) => each.firewall_id)
  await tx
    .updateTable('security_rules')
    .set({ status: 'ERROR' })
    .where('account_id', '=', accountId)
    .where('firewall_id', 'in', firewalls)
    .where('status', '=', 'CREATING')
    .execute()
  await tx
    .updateTable('firewalls')
    .set({ status: 'ERROR' })
    .where('account_id', '=', accountId)
    .where('id', 'in', firewalls)
    .where('status', '=', 'DELETING')
    .execute()
}

/** The machine is gone, and with it all that was about it. */
export async function forgetMachine(tx: Tx, accountId: string, instanceId: string) {
  await lockFirewalls(tx, accountId, instanceId)
  await tx
    .deleteFrom('security_rules')
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .execute()
  const detached = await tx
    .deleteFrom('firewall_attachments')
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .returning('firewall_id')
    .execute()
  await settleFirewalls(tx, accountId, detached)
}

/** A firewall's rules are in force once every machine has them; one to be deleted goes with its last machine. */
async function settleFirewalls(
  tx: Tx,
  accountId: string,
  touched: readonly { firewall_id: string }[],
) {
  if (touched.length === 0) return
  const ids = touched.map((each) => each.firewall_id)
  await tx
    .updateTable('security_rules as rule')
    .set({ status: 'SUCCESS' })
    .where('rule.account_id', '=', accountId)
    .where('rule.firewall_id', 'in', ids)
    .where('rule.status', '<>', 'SUCCESS')
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('firewall_attachments as attachment')
            .select('attachment.id')
            .whereRef('attachment.firewall_id', '=', 'rule.firewall_id')
            .where('attachment.status', 'in', ['ATTACHING', 'ERROR']),
        ),
      ),
    )
    .execute()
  await tx
    .deleteFrom('firewalls')
    .where('account_id', '=', accountId)
    .where('id', 'in', ids)
    .where('status', '=', 'DELETING')
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('firewall_attachments as attachment')
            .select('attachment.id')
            .whereRef('attachment.firewall_id', '=', 'firewalls.id'),
        ),
      ),
    )
    .execute()
}

const lockFirewalls = (tx: Tx, accountId: string, instanceId: string) =>
  tx
    .selectFrom('firewalls')
    .select('id')
    .where('account_id', '=', accountId)
    .where('id', 'in', (attachments) =>
      attachments
        .selectFrom('firewall_attachments')
        .select('firewall_id')
        .where('instance_id', '=', instanceId),
    )
    .orderBy('id')
    .forUpdate()
    .execute()

const lock = (tx: Tx, accountId: string, instanceId: string) =>
  tx
    .selectFrom('instances')
    .select('rules_revision')
    .where('account_id', '=', accountId)
    .where('id', '=', instanceId)
    .forUpdate()
    .executeTakeFirst()

async function isAnotherAttemptPending(tx: Tx, instanceId: string) {
  const row = await tx
    .selectFrom('operation_holds as hold')
    .innerJoin('operations as operation', 'operation.id', 'hold.operation_id')
    .select('operation.id')
    .where('hold.resource_id', '=', instanceId)
    .where('operation.kind', '=', 'apply-firewall')
    .where('operation.state', '=', 'pending')
    .where('operation.cancel_requested', '=', false)
    .executeTakeFirst()
  return row !== undefined
}
