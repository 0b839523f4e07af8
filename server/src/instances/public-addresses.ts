/** The rules for public addresses of machines that are there already. */
import { whyNot } from '@garrison/contract/instances/states'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import type { Tx } from '../database/database.ts'
import type { OperationService } from '../operations/service.ts'
import { requireToggle } from './public-address-rule.ts'
import { type InstanceService, refusalOf } from './service.ts'
import { getInstance, type Instance, updateInstance } from './store.ts'

export type PublicAddressServiceDeps = {
  clock: Clock
  regions: Regions
  placement: Placement
  operations: OperationService
  instances: InstanceService
}

export function createPublicAddressService(deps: PublicAddressServiceDeps) {
  const { clock, regions, placement, operations, instances } = deps

  async function begin(tx: Tx, instance: Instance, enable: boolean) {
    if (enable) await placement.reservePublicAddress(tx, instance.region)
    await updateInstance(tx, instance.account_id, instance.id, {
      public_ip: enable ? 'attached' : 'detached',
      updated_at: clock.now(),
    })
    await operations.begin(tx, {
      kind: 'toggle-public-ip',
      accountId: instance.account_id,
      region: instance.region,
      subject: { kind: 'instance', id: instance.id, publicId: instance.public_id },
      input: {},
      holds: [{ id: instance.id, exclusive: true }],
    })
  }

  async function tellOf(tx: Tx, caller: Caller, instance: Instance, enable: boolean) {
    const { public_id, name, public_ip } = instance
    const now = clock.now()
    const subject = { subjectKind: 'instance', subjectId: public_id } as const
    const action = 'instance.toggle-public-ip'
    const values = { before: { public_ip }, after: { public_ip: enable ? 'attached' : 'detached' } }
    await recordAudit(tx, caller, { action, ...subject, detail: { name, enable }, ...values }, now)
  }

  return {
    /**
     * Gives the machine a public address or takes it away; `enable` left out: the other way round than it
     * is. What is so already stays so, and nothing is begun.
     */
    async toggle(tx: Tx, caller: Caller, id: string, enable: boolean | undefined) {
      const { instance } = await instances.lock(tx, caller, id)
      requireToggle(instance.region, regions.capabilities(instance.region))
      const refusal = whyNot('toggle-public-ip', instance.status)
      if (refusal !== null) throw refusalOf(instance.status, refusal)
      const has = instance.public_ip === 'attached'
      const wanted = enable ?? !has
      if (wanted !== has) {
        await begin(tx, instance, wanted)
        await tellOf(tx, caller, instance, wanted)
      }
      const changed = await getInstance(tx, caller.accountId, instance.id)
      const action = wanted ? ('attach' as const) : ('detach' as const)
      return { instance: changed, action, changes: wanted !== has }
    },
  }
}

export type PublicAddressService = ReturnType<typeof createPublicAddressService>
