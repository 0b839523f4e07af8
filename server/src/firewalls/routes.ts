import * as contract from '@garrison/contract/firewalls/routes'
import type { Catalog } from '../catalog/catalog.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import { userVm } from '../instances/view.ts'
import type { FirewallService } from './service.ts'
import { attachmentAnswer, firewallAnswer, firewallSummary, ruleAnswer } from './view.ts'

type Deps = { db: Database; write: Write; catalog: Catalog; firewalls: FirewallService }

export function firewallRoutes(app: App, { db, write, catalog, firewalls }: Deps) {
  const regions = catalog.regionNames()

  app.openapi(contract.listFirewalls, async (c) => {
    const { page, page_size, ...filter } = c.req.valid('query')
    if (filter.region !== undefined) catalog.region(filter.region)
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total, statistics } = await firewalls.list(db, callerOf(c), filter, range)
    return c.json(
      {
        ...envelope(c, 'Firewalls retrieved successfully'),
        firewalls: rows.map((row) => firewallSummary(row, regions)),
        statistics: {
          total_firewalls: statistics.total,
          total_rules: statistics.rules,
          attachments: statistics.attachments,
          active: statistics.active,
        },
        limit: contract.firewallsPerAccount,
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.createFirewall, (c) =>
    write(c, async (tx, caller) => {
      const firewall = await firewalls.create(tx, caller, c.req.valid('json'))
      return {
        ...envelope(c, 'Firewall created successfully'),
        firewall: firewallAnswer(firewall, { rules: [], attachments: [] }, regions),
        tier: firewall.tier,
      }
    }),
  )

  app.openapi(contract.getProtocols, (c) =>
    c.json(
      {
        ...envelope(c, 'Supported protocols retrieved successfully'),
        protocols: contract.supportedProtocols,
        count: contract.supportedProtocols.length,
      },
      200,
    ),
  )

  app.openapi(contract.listAvailableInstances, async (c) => {
    const filter = c.req.valid('query')
    if (filter.region !== undefined) catalog.region(filter.region)
    const rows = await firewalls.availableInstances(db, callerOf(c), filter)
    return c.json(
      {
        ...envelope(c, 'Available instances retrieved successfully'),
        vms: rows.map(({ instance, isAttached }) => ({
          ...userVm(instance),
          ...(isAttached !== null && { is_attached: isAttached }),
        })),
        count: rows.length,
      },
      200,
    )
  })

  app.openapi(contract.getFirewall, async (c) => {
    const firewall = await firewalls.require(db, callerOf(c), c.req.valid('param').firewall_id)
    return c.json(
      {
        ...envelope(c, 'Firewall retrieved successfully'),
        firewall: firewallAnswer(firewall, await firewalls.contentsOf(db, firewall), regions),
        tier: firewall.tier,
      },
      200,
    )
  })

  app.openapi(contract.deleteFirewall, (c) =>
    write(c, async (tx, caller) => {
      const { firewall_id } = c.req.valid('param')
      const force = c.req.valid('query').force === 'true'
      const { firewall, gone } = await firewalls.delete(tx, caller, firewall_id, { force })
      return {
        ...envelope(c, gone ? 'Firewall deleted successfully' : 'Firewall deletion started'),
        firewall_id: firewall.public_id,
        tier: firewall.tier,
      }
    }),
  )

  app.openapi(contract.addFirewallRule, (c) =>
    write(c, async (tx, caller) => {
      const { firewall_id } = c.req.valid('param')
      const { firewall, rule } = await firewalls.addRule(
        tx,
        caller,
        firewall_id,
        c.req.valid('json'),
      )
      return {
        ...envelope(c, 'Firewall rule added'),
        firewall_id: firewall.public_id,
        rule: ruleAnswer(rule),
        tier: firewall.tier,
      }
    }),
  )

  app.openapi(contract.removeFirewallRule, (c) =>
    write(c, async (tx, caller) => {
      const { firewall_id, rule_id } = c.req.valid('param')
      const firewall = await firewalls.removeRule(tx, caller, firewall_id, rule_id)
      return {
        ...envelope(c, 'Firewall rule removed'),
        firewall_id: firewall.public_id,
        rule_id,
        tier: firewall.tier,
      }
    }),
  )

  app.openapi(contract.attachFirewall, (c) =>
    write(c, async (tx, caller) => {
      const { firewall_id } = c.req.valid('param')
      const { instance_ids } = c.req.valid('json')
      const attached = await firewalls.attach(tx, caller, firewall_id, instance_ids)
      const { firewall, attachments, failed } = attached
      const some = `${attachments.length} of ${instance_ids.length} instances`
      return {
        ...envelope(c, `Firewall attachment started for ${some}`),
        firewall_id: firewall.public_id,
        attached: attachments.map(attachmentAnswer),
        failed,
        tier: firewall.tier,
      }
    }),
  )

  app.openapi(contract.detachFirewall, (c) =>
    write(c, async (tx, caller) => {
      const { firewall_id } = c.req.valid('param')
      const { instance_ids } = c.req.valid('json')
      const detached = await firewalls.detach(tx, caller, firewall_id, instance_ids)
      const { firewall, attachments, failed } = detached
      const some = `${attachments.length} of ${instance_ids.length} instances`
      return {
        ...envelope(c, `Firewall detachment started for ${some}`),
        firewall_id: firewall.public_id,
        detached: attachments.map(attachmentAnswer),
        failed,
        tier: firewall.tier,
      }
    }),
  )
}
