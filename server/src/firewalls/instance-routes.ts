/** What protects one instance. */
import * as contract from '@garrison/contract/instances/routes'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import type { InstanceService } from '../instances/service.ts'
import type { SecurityRuleService } from './security-rules.ts'
import { attachedFirewall, ruleAnswer } from './view.ts'

type Deps = {
  db: Database
  write: Write
  instances: InstanceService
  securityRules: SecurityRuleService
}

export function instanceProtectionRoutes(app: App, { db, write, instances, securityRules }: Deps) {
  app.openapi(contract.addSecurityRule, (c) =>
    write(c, async (tx, caller) => {
      const { instance_id } = c.req.valid('param')
      const request = c.req.valid('json')
      const { instance, rule } = await securityRules.add(tx, caller, instance_id, request)
      return {
        ...envelope(c, 'Security rule added'),
        instance_id: instance.public_id,
        security_rule: ruleAnswer(rule),
        tier: instance.tier,
      }
    }),
  )

  app.openapi(contract.removeSecurityRule, (c) =>
    write(c, async (tx, caller) => {
      const { instance_id, rule_id } = c.req.valid('param')
      const instance = await securityRules.remove(tx, caller, instance_id, rule_id)
      return {
        ...envelope(c, 'Security rule removed'),
        instance_id: instance.public_id,
        rule_id,
        tier: instance.tier,
      }
    }),
  )

  app.openapi(contract.listInstanceFirewalls, async (c) => {
    const instance = await instances.require(db, callerOf(c), c.req.valid('param').instance_id)
    const { firewalls } = await securityRules.protectionOf(db, instance)
    return c.json(
      {
        ...envelope(c, 'Attached firewalls retrieved successfully'),
        instance_id: instance.public_id,
        firewalls: firewalls.map(attachedFirewall),
        count: firewalls.length,
        tier: instance.tier,
      },
      200,
    )
  })
}
