import * as contract from '@garrison/contract/webhooks/routes'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { WebhookService } from './service.ts'
import { deliveryAnswer, webhookAnswer } from './view.ts'

type Deps = { db: Database; clock: Clock; write: Write; webhooks: WebhookService }

/** Kept answers are without the secret, which is shown once. */
const withoutSecret = <Body extends object>(body: Body) => ({ ...body, secret: null })

export function webhookRoutes(app: App, { db, clock, write, webhooks }: Deps) {
  app.openapi(contract.listWebhooks, async (c) => {
    const { page, page_size } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await webhooks.list(db, callerOf(c), range)
    return c.json(
      {
        ...envelope(c, 'Webhooks retrieved successfully'),
        webhooks: rows.map((row) => webhookAnswer(row, clock.now())),
        limit: contract.webhooksPerAccount,
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.createWebhook, async (c) => {
    const input = c.req.valid('json')
    await webhooks.requireTarget(callerOf(c), input.url)
    return write(
      c,
      async (tx, caller) => {
        const { webhook, secret } = await webhooks.create(tx, caller, input)
        return {
          ...envelope(c, 'Webhook created successfully'),
          webhook: webhookAnswer(webhook, clock.now()),
          secret: secret as string | null,
        }
      },
      { keepable: withoutSecret },
    )
  })

  app.openapi(contract.getWebhook, async (c) => {
    const webhook = await webhooks.require(db, callerOf(c), c.req.valid('param').webhook_id)
    return c.json(
      {
        ...envelope(c, 'Webhook retrieved successfully'),
        webhook: webhookAnswer(webhook, clock.now()),
      },
      200,
    )
  })

  app.openapi(contract.updateWebhook, async (c) => {
    const { webhook_id } = c.req.valid('param')
    const input = c.req.valid('json')
    // What is not there has no address to look up.
    await webhooks.require(db, callerOf(c), webhook_id)
    await webhooks.requireTarget(callerOf(c), input.url)
    return write(c, async (tx, caller) => {
      const webhook = await webhooks.update(tx, caller, webhook_id, input)
      return {
        ...envelope(c, 'Webhook updated successfully'),
        webhook: webhookAnswer(webhook, clock.now()),
      }
    })
  })

  app.openapi(contract.deleteWebhook, (c) =>
    write(c, async (tx, caller) => {
      const webhook = await webhooks.delete(tx, caller, c.req.valid('param').webhook_id)
      return { ...envelope(c, 'Webhook deleted successfully'), webhook_id: webhook.public_id }
    }),
  )

  app.openapi(contract.testWebhook, (c) =>
    write(c, async (tx, caller) => {
      const { webhook, delivery } = await webhooks.test(tx, caller, c.req.valid('param').webhook_id)
      return { ...envelope(c, 'Test requested'), delivery: deliveryAnswer(delivery, webhook) }
    }),
  )

  app.openapi(contract.rotateWebhookSecret, (c) =>
    write(
      c,
      async (tx, caller) => {
        const { webhook_id } = c.req.valid('param')
        const { webhook, secret } = await webhooks.rotateSecret(tx, caller, webhook_id)
        return {
          ...envelope(c, 'Secret rotated successfully'),
          webhook: webhookAnswer(webhook, clock.now()),
          secret: secret as string | null,
        }
      },
      { keepable: withoutSecret },
    ),
  )

  app.openapi(contract.listWebhookDeliveries, async (c) => {
    const { page, page_size, status } = c.req.valid('query')
    const { webhook_id } = c.req.valid('param')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const found = await webhooks.deliveries(db, callerOf(c), webhook_id, status, range)
    return c.json(
      {
        ...envelope(c, 'Deliveries retrieved successfully'),
        deliveries: found.rows.map((row) => deliveryAnswer(row, found.webhook)),
        pagination: paginate(page, page_size, found.total),
      },
      200,
    )
  })

  app.openapi(contract.replayWebhookDelivery, (c) =>
    write(c, async (tx, caller) => {
      const { delivery_id } = c.req.valid('param')
      const { webhook, delivery } = await webhooks.replay(tx, caller, delivery_id)
      return { ...envelope(c, 'Replay requested'), delivery: deliveryAnswer(delivery, webhook) }
    }),
  )
}
