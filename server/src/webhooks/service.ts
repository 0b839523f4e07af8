/** The rules for webhooks: who may have which, and what is to be sent to them. */
import type { EventKind } from '@garrison/contract/events/kinds'
import { matchesAny } from '@garrison/contract/events/patterns'
import {
  type CreateWebhookRequest,
  type UpdateWebhookRequest,
  webhooksPerAccount,
} from '@garrison/contract/webhooks/routes'
import type { DeliveryStatus } from '@garrison/contract/webhooks/states'
import { recordAudit } from '../accounts/audit.ts'
import { requirePermission } from '../accounts/permission.ts'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import { counter } from '../database/counters.ts'
import type { Database, Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, NotFound, ValidationError } from '../errors.ts'
import { recordChange } from '../events/changes.ts'
import type { PlacedEvent } from '../events/positions.ts'
import { eventAnswer } from '../events/view.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import { newSecret, oldSecretUntil, secretText } from './signing.ts'
import * as store from './store.ts'
import { ForbiddenTarget, type Targets } from './targets.ts'

/** Something is to be sent. */
export const deliveryChannel = 'webhook_delivery'
const dayMs = 24 * 60 * 60_000

export function createWebhookService(deps: {
  clock: Clock
  accounts: AccountService
  targets: Targets
  keepDays: number
}) {
  const { clock, accounts, targets, keepDays } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const webhook = await store.findWebhook(db, caller.accountId, id)
    if (webhook === undefined) throw new NotFound('Webhook', id)
    return webhook
  }

  async function lock(tx: Tx, caller: Caller, id: string) {
    requirePermission(caller, 'webhooks.manage')
    const webhook = await store.lockWebhook(tx, caller.accountId, id)
    if (webhook === undefined) throw new NotFound('Webhook', id)
    return webhook
  }

  const changedBy = {
    create: 'webhook.created',
    update: 'webhook.updated',
    delete: 'webhook.deleted',
    'rotate-secret': 'webhook.secret-rotated',
  } as const satisfies Record<string, EventKind>

  function tellOf(
    tx: Tx,
    caller: Caller,
    verb: keyof typeof changedBy,
    { public_id, url }: store.Webhook,
    detail: Record<string, unknown> = {},
  ) {
    const subject = { subjectKind: 'webhook', subjectId: public_id }
    const said = { action: `webhook.${verb}`, kind: changedBy[verb] }
    const change = { ...said, ...subject, detail: { url, ...detail }, data: { url } }
    return recordChange(tx, caller, change, clock.now())
  }

  /** What changes no webhook, so that nobody is told of it. */
  function audit(
    tx: Tx,
    caller: Caller,
    verb: 'test' | 'replay',
    { public_id, url }: store.Webhook,
    more: Record<string, unknown> = {},
  ) {
    const subject = { subjectKind: 'webhook', subjectId: public_id, detail: { url, ...more } }
    return recordAudit(tx, caller, { action: `webhook.${verb}`, ...subject }, clock.now())
  }

  function requireEnabled({ enabled, public_id }: store.Webhook) {
    if (enabled) return
    throw new ValidationError(
      { non_field_errors: [`${public_id} is switched off; switch it on first.`] },
      `Webhook ${public_id} is switched off`,
    )
  }

  async function queue(
    tx: Tx,
    webhook: store.Webhook,
    message: Pick<store.Delivery, 'message_id' | 'event_kind' | 'event_id' | 'body'>,
  ) {
    const [delivery] = await store.insertDeliveries(tx, [deliveryOf(webhook, message, clock.now())])
    await notify(tx, deliveryChannel, '')
    if (delivery === undefined) throw new Error('no delivery was written')
    return { webhook, delivery }
  }

  return {
    require,

    /** Before a transaction: names are looked up. Throws a ValidationError. */
    async requireTarget(caller: Caller, url: string | undefined) {
      requirePermission(caller, 'webhooks.manage')
      if (url === undefined) return
      try {
        await targets.check(url)
      } catch (error) {
        if (!(error instanceof ForbiddenTarget)) throw error
        throw new ValidationError({ url: [`${error.message}.`] })
      }
    },

    async create(tx: Tx, caller: Caller, input: CreateWebhookRequest) {
      requirePermission(caller, 'webhooks.manage')
      await accounts.lock(tx, caller.accountId)
      if ((await counter(tx, caller.accountId, 'webhooks')) >= webhooksPerAccount) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An account has at most ${webhooksPerAccount} webhooks; delete one first`,
        )
      }
      const now = clock.now()
      const secret = newSecret()
      const webhook = await store.insertWebhook(tx, {
        id: newUuid(),
        public_id: await issuePublicId(tx, 'W'),
        account_id: caller.accountId,
        url: input.url,
        description: input.description ?? null,
        event_patterns: input.event_patterns,
        enabled: input.enabled ?? true,
        secret,
        created_at: now,
        updated_at: now,
      })
      const { event_patterns, enabled } = webhook
      await tellOf(tx, caller, 'create', webhook, { event_patterns, enabled })
      return { webhook, secret: secretText(secret) }
    },

    /** What is left out stays as it is. One that is switched on begins without its former failures. */
    async update(tx: Tx, caller: Caller, id: string, input: UpdateWebhookRequest) {
      const before = await lock(tx, caller, id)
      const now = clock.now()
      const { url, event_patterns, description, enabled } = input
      const webhook = await store.updateWebhook(tx, caller.accountId, before.id, {
        ...(url !== undefined && { url }),
        ...(event_patterns !== undefined && { event_patterns }),
        ...(description !== undefined && { description }),
        ...(enabled !== undefined && { enabled, disabled_reason: null, failing_since: null }),
        updated_at: now,
      })
      if (before.enabled && !webhook.enabled) await store.giveUpDeliveries(tx, webhook, now)
      await tellOf(tx, caller, 'update', webhook, input)
      return webhook
    },

    async delete(tx: Tx, caller: Caller, id: string) {
      const webhook = await lock(tx, caller, id)
      await store.deleteWebhook(tx, caller.accountId, webhook.id)
      await tellOf(tx, caller, 'delete', webhook)
      return webhook
    },

    async rotateSecret(tx: Tx, caller: Caller, id: string) {
      const before = await lock(tx, caller, id)
      const now = clock.now()
      const secret = newSecret()
      const webhook = await store.updateWebhook(tx, caller.accountId, before.id, {
        secret,
        old_secret: before.secret,
        old_secret_until: oldSecretUntil(now),
        updated_at: now,
      })
      await tellOf(tx, caller, 'rotate-secret', webhook)
      return { webhook, secret: secretText(secret) }
    },

    async test(tx: Tx, caller: Caller, id: string) {
      const webhook = await lock(tx, caller, id)
      requireEnabled(webhook)
      const now = clock.now().toISOString()
      const kind = 'webhook.test' satisfies EventKind
      const event = {
        id: null,
        kind,
        subject: { kind: 'webhook', id },
        data: { message: 'A test, asked for over the API' },
        created_at: now,
      }
      await audit(tx, caller, 'test', webhook)
      return queue(tx, webhook, {
        message_id: newMessageId(),
        event_kind: kind,
        event_id: null,
        body: JSON.stringify({ type: kind, timestamp: now, data: event }),
      })
    },

    async replay(tx: Tx, caller: Caller, deliveryId: string) {
      requirePermission(caller, 'webhooks.manage')
      const found = await store.lockDelivery(tx, caller.accountId, deliveryId)
      if (found === undefined) throw new NotFound('Webhook delivery', deliveryId)
      requireEnabled(found.webhook)
      const { message_id, event_kind } = found.delivery
      await audit(tx, caller, 'replay', found.webhook, { message_id, event_kind })
      return queue(tx, found.webhook, found.delivery)
    },

    list: (db: Database, caller: Caller, range: Range) =>
      store.pageOfWebhooks(db, caller.accountId, range),

    async deliveries(
      db: Database,
      caller: Caller,
      id: string,
      status: DeliveryStatus | undefined,
      range: Range,
    ) {
      const webhook = await require(db, caller, id)
      return { webhook, ...(await store.pageOfDeliveries(db, webhook, status, range)) }
    },

    /** Of all webhooks, or of one, newest first. */
    async allDeliveries(
      db: Database | Tx,
      caller: Caller,
      of: { id?: string | undefined; status?: DeliveryStatus | undefined; limit: number },
    ) {
      const webhook = of.id === undefined ? undefined : await require(db, caller, of.id)
      return store.latestDeliveries(db, caller.accountId, { ...of, webhookId: webhook?.id })
    },

    /** Something that was sent to it has arrived. */
    hasArrived: (db: Database | Tx, webhook: store.Webhook) => store.hasArrived(db, webhook),

    /** In the transaction that places events: what is to be sent of them, each once to each webhook. */
    async enqueue(tx: Tx, events: readonly PlacedEvent[]) {
      const ids = events.map(({ account_id }) => account_id)
      const accountIds = [...new Set(ids.filter((id) => id !== null))]
      const webhooks = await store.listeningWebhooks(tx, ids.includes(null) ? null : accountIds)
      const now = clock.now()
      const deliveries = events.flatMap((event) => {
        const wanting = webhooks.filter(
          ({ account_id, event_patterns }) =>
            (event.account_id === null || event.account_id === account_id) &&
            matchesAny(event_patterns, event.kind),
        )
        if (wanting.length === 0) return []
        const data = eventAnswer(event)
        const body = JSON.stringify({ type: data.kind, timestamp: data.created_at, data })
        const about = { event_kind: event.kind, event_id: event.position, body }
        return wanting.map((webhook) =>
          deliveryOf(webhook, { ...about, message_id: newMessageId() }, now),
        )
      })
      if (deliveries.length > 0) await store.insertDeliveries(tx, deliveries)
    },

    /** Deliveries that ended longer ago than is kept. */
    async forget(db: Database) {
      const before = new Date(clock.now().getTime() - keepDays * dayMs)
      while ((await store.forgetDeliveries(db, before, 5_000)) === 5_000);
    },
  }
}

export type WebhookService = ReturnType<typeof createWebhookService>

const newMessageId = () => `msg_${newUuid().replaceAll('-', '')}`

const deliveryOf = (
  { id, account_id }: store.Webhook,
  message: Pick<store.Delivery, 'message_id' | 'event_kind' | 'event_id' | 'body'>,
  now: Date,
) => ({
  id: newUuid(),
  account_id,
  webhook_id: id,
  message_id: message.message_id,
  event_kind: message.event_kind,
  event_id: message.event_id,
  body: message.body,
  status: 'pending' as const,
  next_attempt_at: now,
  created_at: now,
})
