import * as contract from '@garrison/contract/instances/routes'
import type { BillingService } from '../billing/service.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Database } from '../database/database.ts'
import type { DeployRequestService } from '../deploy-requests/service.ts'
import { deployRequestAnswer } from '../deploy-requests/view.ts'
import type { SecurityRuleService } from '../firewalls/security-rules.ts'
import { attachedFirewall, ruleAnswer } from '../firewalls/view.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { SnapshotService } from '../snapshots/service.ts'
import type { AttachmentService } from '../volumes/attachments.ts'
import { volumeAttachment } from '../volumes/view.ts'
import type { Rollback } from './rollback.ts'
import type { InstanceService } from './service.ts'
import { deployedData, instanceDetails, instanceRow, userVm, type ViewContext } from './view.ts'

type Deps = {
  db: Database
  write: Write
  catalog: Catalog
  instances: InstanceService
  deployRequests: DeployRequestService
  billing: BillingService
  rollback: Rollback
  securityRules: SecurityRuleService
  attachments: AttachmentService
  snapshots: SnapshotService
  view: ViewContext
}

export function instanceRoutes(app: App, deps: Deps) {
  const { deployRequests, snapshots } = deps
  const { db, write, catalog, instances, billing, rollback, securityRules, attachments, view } =
    deps

  app.openapi(contract.deployInstance, (c) =>
    write(c, async (tx, caller) => {
      const input = c.req.valid('json')
      const { instance, request } = await deployRequests.deploy(tx, caller, input)
      if (instance === null) {
        return {
          ...envelope(c, 'There is no room now; the deployment waits for it'),
          timestamp: request.created_at.toISOString(),
          data: null,
          deploy_request: deployRequestAnswer(request),
          tier: catalog.region(input.region).tier,
        }
      }
      const where = input.alternatives === undefined ? '' : ` in ${instance.region}`
      return {
        ...envelope(c, `Instance deployment started${where}`),
        timestamp: instance.created_at.toISOString(),
        data: deployedData(instance),
        tier: instance.tier,
      }
    }),
  )

  app.openapi(contract.listInstances, async (c) => {
    const { page, page_size, ...filter } = c.req.valid('query')
    if (filter.region !== undefined) catalog.region(filter.region)
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await instances.list(db, callerOf(c), filter, range)
    return c.json(
      {
        ...envelope(c, 'Instances retrieved successfully'),
        instances: rows.map((row) => instanceRow(row, view)),
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.listEligibleInstances, async (c) => {
    const { region } = c.req.valid('query')
    const rows = await instances.active(db, callerOf(c), region)
    return c.json(
      {
        ...envelope(c, 'Eligible instances retrieved successfully'),
        vms: rows.map((row) => ({ ...userVm(row), why_no_memory: snapshots.whyNoMemory(row) })),
        count: rows.length,
      },
      200,
    )
  })

  app.openapi(contract.getInstance, async (c) => {
    const instance = await instances.require(db, callerOf(c), c.req.valid('param').instance_id)
    const keys = await instances.keysOf(db, instance)
    const { rules, firewalls } = await securityRules.protectionOf(db, instance)
    const cost = await billing.costOf(db, instance)
    const parts = {
      source: await instances.sourceOf(db, instance),
      security_rules: rules.map(ruleAnswer),
      firewalls: firewalls.map(attachedFirewall),
      volume_attachments: (await attachments.of(db, instance)).map(volumeAttachment),
    }
    return c.json(
      {
        ...envelope(c, 'Instance retrieved successfully'),
        instance: instanceDetails(instance, keys, parts, cost, view),
        tier: instance.tier,
      },
      200,
    )
  })

  const actions = [
    { route: contract.startInstance, act: instances.start, message: 'Instance start requested' },
    { route: contract.stopInstance, act: instances.stop, message: 'Instance stop requested' },
    { route: contract.rebootInstance, act: instances.reboot, message: 'Instance reboot requested' },
    {
      route: contract.deleteInstance,
      act: instances.delete,
      message: 'Instance deletion requested',
    },
  ]
  for (const { route, act, message } of actions) {
    app.openapi(route, (c) =>
      write(c, async (tx, caller) => {
        const { instance, status } = await act(tx, caller, c.req.valid('param').instance_id)
        return {
          ...envelope(c, message),
          instance_id: instance.public_id,
          vm_name: instance.name,
          status,
          previous_status: instance.status,
          tier: instance.tier,
        }
      }),
    )
  }

  app.openapi(contract.rollbackInstance, (c) =>
    write(c, async (tx, caller) => {
      const { instance_id } = c.req.valid('param')
      const begun = await rollback.rollBack(tx, caller, instance_id, c.req.valid('json'))
      const { instance, status, snapshot, first } = begun
      const since = snapshot.created_at.toISOString()
      const discards = `Rollback started; what was written since ${since} is discarded`
      return {
        ...envelope(c, snapshot.memory ? `${discards}; of its memory nothing is used` : discards),
        instance_id: instance.public_id,
        vm_name: instance.name,
        status,
        previous_status: instance.status,
        snapshot_id: snapshot.public_id,
        discards_since: since,
        snapshot_first_id: first?.public_id ?? null,
        tier: instance.tier,
      }
    }),
  )
}
