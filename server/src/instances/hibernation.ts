/** The rules for hibernation: what it costs, whether a restore finds room, and what is kept meanwhile. */
import type {
  HibernateRequest,
  RestoreHibernatedRequest,
} from '@garrison/contract/instances/routes'
import { whyNot } from '@garrison/contract/instances/states'
import { recordAudit } from '../accounts/audit.ts'
import type { BillingService } from '../billing/service.ts'
import type { Caller } from '../caller.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import { hibernationRate } from '../prices/rates.ts'
import type { PriceService } from '../prices/service.ts'
import { hibernatedInstances } from './hibernation-store.ts'
import { type InstanceService, refusalOf } from './service.ts'
import { type Instance, updateInstance } from './store.ts'

const mibToGb = 1024 ** 2 / 1e9

export type HibernationDeps = {
  clock: Clock
  catalog: Catalog
  regions: Regions
  placement: Placement
  billing: BillingService
  prices: PriceService
  instances: InstanceService
}

export function createHibernation(deps: HibernationDeps) {
  const { clock, catalog, regions, placement, billing, prices, instances } = deps

  /** Locked, in a state that allows it, in a region that can. */
  async function lockFor(tx: Tx, caller: Caller, id: string, action: 'hibernate' | 'restore') {
    const { instance } = await instances.lock(tx, caller, id)
    if (!regions.capabilities(instance.region).hibernate) {
      throw new DomainError('TIER_NOT_SUPPORTED', `${instance.region} cannot hibernate instances`)
    }
    const refusal = whyNot(action, instance.status)
    if (refusal !== null) throw refusalOf(instance.status, refusal)
    return instance
  }

  return {
    async hibernate(tx: Tx, caller: Caller, id: string, input: HibernateRequest) {
      await prices.hold(tx)
      const current = await lockFor(tx, caller, id, 'hibernate')
      const { retain_ip = false, retain_capacity = false } = input
      const memory = keepsMemory(current)
      const memoryGb = memory ? current.memory_mib * mibToGb : 0
      await placement.requireDiskRoom(current.region, current.host, memoryGb)
      const rate = hibernationRate(catalog.prices, { ...current, retain_capacity })
      const begun = await instances.act(tx, caller, id, 'hibernate', {
        set: { retain_ip, retain_capacity, hibernation_rate_micros: rate },
        detail: { retain_ip, retain_capacity },
      })
      return { ...begun, memory, rate, retain_ip, retain_capacity }
    },

    /**
     * Nobody asked for it: what would pay for the machine is used up. It keeps its addresses, so that
     * nothing is lost but its running. `reason`: for the audit log and whoever follows events.
     */
    async hibernateUnpaid(tx: Tx, caller: Caller, id: string, reason: 'credits' | 'budget') {
      await prices.hold(tx)
      const { instance } = await instances.lock(tx, caller, id)
      const rate = hibernationRate(catalog.prices, { ...instance, retain_capacity: false })
      return instances.act(tx, caller, id, 'hibernate-unpaid', {
        set: { retain_ip: true, retain_capacity: false, hibernation_rate_micros: rate },
        input: { from: instance.status },
        detail: { reason },
      })
    },

    /** One that keeps its capacity pays for it in full; without the means, it gives that up. */
    async giveUpCapacity(tx: Tx, caller: Caller, id: string, reason: 'credits' | 'budget') {
      await prices.hold(tx)
      const { instance } = await instances.lock(tx, caller, id)
      if (instance.status !== 'HIBERNATED' || !instance.retain_capacity) return
      const rate = hibernationRate(catalog.prices, { ...instance, retain_capacity: false })
      // The other rate begins a billing record of its own, by a trigger.
      const now = clock.now()
      await updateInstance(tx, caller.accountId, instance.id, {
        ...{ retain_capacity: false, hibernation_rate_micros: rate },
        updated_at: now,
      })
      const about = { subjectKind: 'instance', subjectId: instance.public_id }
      const entry = { action: 'instance.give-up-capacity', ...about, detail: { reason } }
      await recordAudit(tx, caller, entry, now)
      const { accountId } = caller
      const event = { accountId, kind: 'instance.capacity-given-up', ...about } as const
      await recordEvent(tx, { ...event, data: { reason } }, now)
    },

    /** Room is looked for before anything happens: without it, the machine stays as it is. */
    async restore(tx: Tx, caller: Caller, id: string, input: RestoreHibernatedRequest) {
      const { cold_boot = false } = input
      const current = await lockFor(tx, caller, id, 'restore')
      await billing.requireCredits(tx, caller, current.hourly_rate_micros, current)
      await placement.requireOpen(tx, current)
      if (!current.retain_capacity) await placement.requireRoomOn(tx, current)
      const begun = await instances.act(tx, caller, id, 'restore', {
        input: { coldBoot: cold_boot },
        detail: { cold_boot },
      })
      return { ...begun, memory: current.hibernation_memory === true && !cold_boot }
    },

    /** All that are hibernated now, the latest first. */
    list: (db: Database, caller: Caller) => hibernatedInstances(db, caller.accountId),
  }
}

export type Hibernation = ReturnType<typeof createHibernation>

/** What is in a GPU cannot be kept, so such a machine is shut down and keeps its disk. */
const keepsMemory = ({ gpu_model }: Instance) => gpu_model === null
