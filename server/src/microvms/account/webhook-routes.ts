/** Webhooks of the account, as clients of this dialect know them. */

import * as contract from '@garrison/contract/microvms/webhooks'
import { webhooksPerAccount } from '@garrison/contract/webhooks/routes'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../database/database.ts'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Write } from '../../http/write.ts'
import type { WebhookService } from '../../webhooks/service.ts'
import { endpointAnswer, endpointDelivery } from './view.ts'

type Deps = { db: Database; clock: Clock; write: Write; webhooks: WebhookService }

/** Kept answers are without the secret, which is shown once. */
const withoutSecret = <Body extends object>(body: Body) => ({ ...body, secret: null })

export function webhookEndpointRoutes(app: App, { db, clock, write, webhooks }: Deps) {
  app.openapi(contract.listWebhookEndpoints, async (c) => {
    const { rows } = await webhooks.list(db, callerOf(c), { limit: webhooksPerAccount, offset: 0 })
    return c.json(
      rows.map((row) => endpointAnswer(row, clock.now())),
      200,
    )
  })

  app.openapi(contract.createWebhookEndpoint, async (c) => {
    const { url, event_patterns, description, enabled } = c.req.valid('json')
    await webhooks.requireTarget(callerOf(c), url)
    return write(
      c,
      async (tx, caller) => {
        const { webhook, secret } = await webhooks.create(tx, caller, {
          ...{ url, event_patterns: event_patterns.map(contract.patternHere) },
          ...(description != null && { description }),
          enabled: enabled ?? true,
        })
        return { ...endpointAnswer(webhook, clock.now()), secret: secret as string | null }
      },
      { keepable: withoutSecret },
    )
  })

  app.openapi(contract.getWebhookEndpoint, async (c) => {
    const found = await webhooks.require(db, callerOf(c), c.req.valid('param').endpoint_id)
    return c.json(endpointAnswer(found, clock.now()), 200)
  })

  app.openapi(contract.updateWebhookEndpoint, async (c) => {
    const { endpoint_id } = c.req.valid('param')
    const { url, event_patterns, description, enabled } = c.req.valid('json')
    // What is not there has no address to look up.
    await webhooks.require(db, callerOf(c), endpoint_id)
    await webhooks.requireTarget(callerOf(c), url ?? undefined)
    return write(c, async (tx, caller) => {
      const changed = await webhooks.update(tx, caller, endpoint_id, {
        ...(url != null && { url }),
        ...(event_patterns != null && { event_patterns: event_patterns.map(contract.patternHere) }),
        ...(description != null && { description }),
        ...(enabled != null && { enabled }),
      })
      return endpointAnswer(changed, clock.now())
    })
  })

  app.openapi(contract.deleteWebhookEndpoint, (c) =>
    write(c, async (tx, caller) => {
      const deleted = await webhooks.delete(tx, caller, c.req.valid('param').endpoint_id)
      return endpointAnswer(deleted, clock.now())
    }),
  )

  app.openapi(contract.verifyWebhookEndpoint, async (c) => {
    const { endpoint_id } = c.req.valid('param')
    const { url } = await webhooks.require(db, callerOf(c), endpoint_id)
    await webhooks.requireTarget(callerOf(c), url)
    return write(c, async (tx, caller) => {
      const { webhook, delivery } = await webhooks.test(tx, caller, endpoint_id)
      const arrived = await webhooks.hasArrived(tx, webhook)
      return {
        ...{ endpoint_id, verified: arrived && webhook.failing_since === null },
        delivery: endpointDelivery(delivery, webhook),
      }
    })
  })

  app.openapi(contract.testWebhookEndpoint, (c) =>
    write(c, async (tx, caller) => {
      const sent = await webhooks.test(tx, caller, c.req.valid('param').endpoint_id)
      return endpointDelivery(sent.delivery, sent.webhook)
    }),
  )

  app.openapi(contract.rotateWebhookEndpointSecret, (c) =>
    write(
      c,
      async (tx, caller) => {
        const { endpoint_id } = c.req.valid('param')
        const { webhook, secret } = await webhooks.rotateSecret(tx, caller, endpoint_id)
        return { ...endpointAnswer(webhook, clock.now()), secret: secret as string | null }
      },
      { keepable: withoutSecret },
    ),
  )

  app.openapi(contract.listEndpointDeliveries, async (c) => {
    const { endpoint_id, status, limit } = c.req.valid('query')
    const found = await webhooks.allDeliveries(db, callerOf(c), { id: endpoint_id, status, limit })
    return c.json(
      found.map((row) => endpointDelivery(row, row)),
      200,
    )
  })

  app.openapi(contract.replayEndpointDelivery, (c) =>
    write(c, async (tx, caller) => {
      const sent = await webhooks.replay(tx, caller, c.req.valid('param').delivery_id)
      return endpointDelivery(sent.delivery, sent.webhook)
    }),
  )

  app.openapi(contract.resendDeliveries, (c) =>
    write(c, async (tx, caller) => {
      const { delivery_ids, endpoint_id } = c.req.valid('json')
      const failed = {
        id: endpoint_id ?? undefined,
        status: 'failed',
        limit: contract.mostResent,
      } as const
      const ids =
        delivery_ids ?? (await webhooks.allDeliveries(tx, caller, failed)).map(({ id }) => id)
      const deliveries = []
      for (const id of new Set(ids)) {
        const sent = await webhooks.replay(tx, caller, id)
        deliveries.push(endpointDelivery(sent.delivery, sent.webhook))
      }
      return { resent: deliveries.length, deliveries }
    }),
  )
}
