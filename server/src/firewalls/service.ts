/** The rules for firewalls: what they hold, and the machines that they are attached to. */
import {
  type CreateFirewallRequest,
  type FirewallFailure,
  firewallsPerAccount,
} from '@garrison/contract/firewalls/routes'
import type { FirewallAction } from '@garrison/contract/firewalls/states'
import type { SecurityRuleRequest } from '@garrison/contract/instances/routes'
import { whyNot as whyNotInstance } from '@garrison/contract/instances/states'
import { type AuditEntry, recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { counter } from '../database/counters.ts'
import { type Database, isUniqueViolation, type Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, NameTaken, NotFound } from '../errors.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import { type InstanceService, refusalOf } from '../instances/service.ts'
import type { Instance } from '../instances/store.ts'
import { type Protection, requireRegion, requireUsable } from './protection.ts'
import * as ruleStore from './rule-store.ts'
import { requireThere } from './security-rules.ts'
import * as store from './store.ts'
import { toldOfRule } from './told-of-rule.ts'

export type FirewallServiceDeps = {
  clock: Clock
  catalog: Catalog
  regions: Regions
  accounts: AccountService
  instances: InstanceService
  protection: Protection
}

export function createFirewallService(deps: FirewallServiceDeps) {
  const { clock, catalog, regions, accounts, instances, protection } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const firewall = await store.findFirewall(db, caller.accountId, id)
    if (firewall === undefined) throw new NotFound('Firewall', id)
    return firewall
  }

  async function lockFor(tx: Tx, caller: Caller, id: string, action: FirewallAction) {
    const firewall = await store.lockFirewall(tx, caller.accountId, id)
    if (firewall === undefined) throw new NotFound('Firewall', id)
    requireUsable(firewall, action)
    return firewall
  }

  function audit(
    tx: Tx,
    caller: Caller,
    verb: string,
    id: string,
    detail: Record<string, unknown>,
    values: Pick<AuditEntry, 'before' | 'after'> = {},
  ) {
    return recordAudit(
      tx,
      caller,
      { action: `firewall.${verb}`, subjectKind: 'firewall', subjectId: id, detail, ...values },
      clock.now(),
    )
  }

  /** Every machine that has it gets its rules anew. */
  async function changed(tx: Tx, { account_id, id }: store.Firewall) {
    const machines = await store.lockMachinesOf(tx, account_id, id)
    const which = { firewallId: id }
    await store.setAttachments(tx, account_id, which, ['SUCCESS', 'ERROR'], 'ATTACHING')
    await protection.changed(tx, account_id, machines)
    return machines
  }

  /**
   * Does it for each instance that allows it, always in the same order, so that two requests do not
   * wait for one another. Throws the first refusal when none does.
   */
  async function forEachInstance(
    tx: Tx,
    caller: Caller,
    ids: readonly string[],
    act: (instance: Instance) => Promise<boolean>,
  ) {
    const done: Instance[] = []
    const touched: Instance[] = []
    const failed: FirewallFailure[] = []
    for (const id of [...ids].sort()) {
      try {
        const { instance } = await instances.lock(tx, caller, id)
        if (await act(instance)) touched.push(instance)
        done.push(instance)
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
        failed.push({ instance_id: id, error_code: error.code, message: error.message })
      }
    }
    const [first] = failed
    if (first !== undefined && done.length === 0) {
      const words = [...new Set(failed.map((failure) => failure.message))]
      throw new DomainError(first.error_code, words.join('; '))
    }
    await protection.changed(tx, caller.accountId, touched)
    return { done, failed }
  }

  async function attachmentsTo(
    tx: Tx,
    firewall: store.Firewall,
    machines: readonly Instance[],
  ): Promise<store.AttachmentWithMachine[]> {
    const all = await store.attachmentsOf(tx, firewall.account_id, firewall.id)
    return all.filter((each) => machines.some((machine) => machine.id === each.instance_id))
  }

  return {
    require,

    async create(tx: Tx, caller: Caller, input: CreateFirewallRequest) {
      const region = catalog.region(input.region)
      protection.requireOffered(region.name)
      await accounts.lock(tx, caller.accountId)
      if (await store.isFirewallNameTaken(tx, caller.accountId, input.name)) {
        throw new NameTaken('a firewall', input.name)
      }
      if ((await counter(tx, caller.accountId, 'firewalls')) >= firewallsPerAccount) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An account has at most ${firewallsPerAccount} firewalls; delete one first`,
        )
      }
      const now = clock.now()
      const publicId = await issuePublicId(tx, 'F')
      await store
        .insertFirewall(tx, {
          id: newUuid(),
          public_id: publicId,
          account_id: caller.accountId,
          name: input.name,
          description: input.description ?? null,
          status: 'SUCCESS',
          region: region.name,
          tier: region.tier,
          created_at: now,
          updated_at: now,
        })
        .catch((error: unknown) => {
          throw isUniqueViolation(error, 'firewalls_name')
            ? new NameTaken('a firewall', input.name)
            : error
        })
      await audit(tx, caller, 'create', publicId, { name: input.name, region: region.name })
      return require(tx, caller, publicId)
    },

    /** Answers whether it is gone at once; with `force` it may have to be detached first. */
    async delete(tx: Tx, caller: Caller, id: string, { force }: { force: boolean }) {
      const firewall = await lockFor(tx, caller, id, 'delete')
      const machines = await store.lockMachinesOf(tx, caller.accountId, firewall.id)
      const [first] = machines
      if (first === undefined) {
        await store.deleteFirewall(tx, caller.accountId, firewall.id)
      } else {
        if (!force) throw inUse(firewall, first, machines.length - 1)
        await store.updateFirewall(tx, caller.accountId, firewall.id, {
          status: 'DELETING',
          updated_at: clock.now(),
        })
        const which = { firewallId: firewall.id }
        const from = ['ATTACHING', 'SUCCESS', 'ERROR'] as const
        await store.setAttachments(tx, caller.accountId, which, from, 'DETACHING')
        await protection.changed(tx, caller.accountId, machines)
      }
      await audit(tx, caller, 'delete', id, { name: firewall.name, force })
      return { firewall, gone: first === undefined }
    },

    async addRule(tx: Tx, caller: Caller, id: string, request: SecurityRuleRequest) {
      const firewall = await lockFor(tx, caller, id, 'change')
      protection.requireOffered(firewall.region, [request])
      const attached = await store.attachmentsOf(tx, caller.accountId, firewall.id)
      const status = attached.length === 0 ? 'SUCCESS' : 'CREATING'
      const owner = { firewallId: firewall.id }
      const rule = await protection.addRule(tx, caller.accountId, owner, request, status)
      await changed(tx, firewall)
      const detail = { name: firewall.name, rule: rule.id }
      await audit(tx, caller, 'add-rule', id, detail, { after: toldOfRule(rule) })
      return { firewall, rule }
    },

    async removeRule(tx: Tx, caller: Caller, id: string, ruleId: string) {
      const firewall = await lockFor(tx, caller, id, 'change')
      const owner = { firewallId: firewall.id }
      const removed = await ruleStore.deleteRule(tx, caller.accountId, owner, ruleId)
      if (removed === undefined) throw new NotFound('Firewall rule', ruleId)
      await changed(tx, firewall)
      const detail = { name: firewall.name, rule: ruleId }
      await audit(tx, caller, 'remove-rule', id, detail, { before: toldOfRule(removed) })
      return firewall
    },

    /** Attached already is fine; after an error it is tried again. */
    async attach(tx: Tx, caller: Caller, id: string, instanceIds: readonly string[]) {
      const firewall = await lockFor(tx, caller, id, 'attach')
      const { done, failed } = await forEachInstance(tx, caller, instanceIds, async (instance) => {
        requireRegion(firewall, instance.region)
        const refusal = whyNotInstance('attach-firewall', instance.status)
        if (refusal !== null) throw refusalOf(instance.status, refusal)
        const which = { firewallId: firewall.id, instanceId: instance.id }
        const present = await store.findAttachment(tx, caller.accountId, firewall.id, instance.id)
        if (present?.status === 'SUCCESS' || present?.status === 'ATTACHING') return false
        if (present === undefined) await protection.attach(tx, firewall, instance.id)
        else {
          const from = ['ERROR', 'DETACHING'] as const
          await store.setAttachments(tx, caller.accountId, which, from, 'ATTACHING')
        }
        return true
      })
      const named = done.map((instance) => instance.public_id)
      await audit(tx, caller, 'attach', id, { name: firewall.name, instances: named })
      return { firewall, attachments: await attachmentsTo(tx, firewall, done), failed }
    },

    /** In every state of the instance: one that is stopped starts without it. */
    async detach(tx: Tx, caller: Caller, id: string, instanceIds: readonly string[]) {
      const firewall = await lockFor(tx, caller, id, 'detach')
      const { done, failed } = await forEachInstance(tx, caller, instanceIds, async (instance) => {
        const present = await store.findAttachment(tx, caller.accountId, firewall.id, instance.id)
        if (present === undefined) {
          throw new DomainError(
            'NOT_FOUND',
            `Firewall ${id} is not attached to instance ${instance.public_id}`,
          )
        }
        requireThere(instance)
        const which = { firewallId: firewall.id, instanceId: instance.id }
        const from = ['ATTACHING', 'SUCCESS', 'ERROR'] as const
        await store.setAttachments(tx, caller.accountId, which, from, 'DETACHING')
        return present.status !== 'DETACHING'
      })
      const named = done.map((instance) => instance.public_id)
      await audit(tx, caller, 'detach', id, { name: firewall.name, instances: named })
      return { firewall, attachments: await attachmentsTo(tx, firewall, done), failed }
    },

    /** Its rules and attachments. */
    async contentsOf(db: Database | Tx, { account_id, id }: store.Firewall) {
      return {
        rules: await ruleStore.rulesOf(db, account_id, { firewallId: id }),
        attachments: await store.attachmentsOf(db, account_id, id),
      }
    },

    async list(db: Database, caller: Caller, filter: store.FirewallFilter, range: Range) {
      const [{ rows, total }, statistics] = await Promise.all([
        store.pageOfFirewalls(db, caller.accountId, filter, range),
        store.firewallTotals(db, caller.accountId, filter.region),
      ])
      return { rows, total, statistics }
    },

    /** ACTIVE instances where firewalls are possible; with a firewall, whether each has it. */
    async availableInstances(
      db: Database,
      caller: Caller,
      { firewall_id, region }: { firewall_id?: string | undefined; region?: string | undefined },
    ) {
      const firewall = firewall_id === undefined ? null : await require(db, caller, firewall_id)
      const active = await instances.active(db, caller, region)
      const possible = active.filter((instance) =>
        firewall === null
          ? regions.capabilities(instance.region).firewall
          : instance.region === firewall.region,
      )
      if (firewall === null) return possible.map((instance) => ({ instance, isAttached: null }))
      const attached = await store.attachmentsOf(db, caller.accountId, firewall.id)
      const ids = new Set(attached.map((attachment) => attachment.instance_id))
      return possible.map((instance) => ({ instance, isAttached: ids.has(instance.id) }))
    },
  }
}

export type FirewallService = ReturnType<typeof createFirewallService>

function inUse(
  { public_id }: store.Firewall,
  { public_id: instance, name }: Instance,
  more: number,
) {
  const others = more === 0 ? '' : ` and ${more} more`
  return new DomainError(
    'FIREWALL_IN_USE',
    `Firewall ${public_id} is attached to instance ${instance} ("${name}")${others}; detach it first, or delete it with ?force=true`,
  )
}
