/**
 * Sends what is due. Each delivery is leased, so that no two workers are at one; a worker that dies leaves
 * a lease that runs out, and the message is sent again under the same id, which its receiver knows.
 */
import { disabledAfterDays } from '@garrison/contract/webhooks/routes'
import type { Clock } from '../clock.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import type { Listener } from '../database/listen.ts'
import { recordEvent } from '../events/outbox.ts'
import { newUuid } from '../ids.ts'
import type { Log } from '../log.ts'
import { repeat } from '../repeat.ts'
import { mailOfDisabled } from './mails.ts'
import { delayAfter } from './schedule.ts'
import { type Answer, send } from './sending.ts'
import { deliveryChannel } from './service.ts'
import { signedHeaders } from './signing.ts'
import * as store from './store.ts'
import type { Targets } from './targets.ts'

/** At once, in this process. */
const atOnce = 64
const perWebhook = 5
/** Longer than an attempt can take. */
const leaseMs = 60_000
const lookMs = 1_000
const dayMs = 24 * 60 * 60_000
const gone = 410

export async function startDelivering(deps: {
  db: Database
  clock: Clock
  targets: Targets
  listener: Listener
  log: Log
  /** For tests. */
  answerWithinMs?: number
}) {
  const { db, clock, targets, listener, log, answerWithinMs } = deps
  const stopping = new AbortController()
  const attempts = new Map<Promise<void>, string>()

  async function look() {
    if (attempts.size >= atOnce || stopping.signal.aborted) return
    const now = clock.now()
    const busy = new Map<string, number>()
    for (const id of attempts.values()) busy.set(id, (busy.get(id) ?? 0) + 1)
    const due = await store.claimDeliveries(db, {
      ...{ lease: newUuid(), now, until: new Date(now.getTime() + leaseMs) },
      ...{ limit: atOnce - attempts.size, perWebhook, busy },
    })
    for (const delivery of due) {
      const attempt = deliver(delivery)
        .catch((error: unknown) =>
          log('warn', 'a webhook delivery could not be settled', { delivery: delivery.id, error }),
        )
        .finally(() => {
          attempts.delete(attempt)
          // There may be more for whom there was no place.
          looking.poke()
        })
      attempts.set(attempt, delivery.webhook_id)
    }
  }

  async function deliver(delivery: store.Delivery) {
    const webhook = await store.webhookOf(db, delivery)
    // Its deliveries went with it.
    if (webhook === undefined) return
    const now = clock.now()
    const { message_id: messageId, body } = delivery
    const began = performance.now()
    const message = {
      url: webhook.url,
      body,
      headers: signedHeaders(webhook, { messageId, body, now }),
    }
    const answer = await send(targets, message, {
      signal: stopping.signal,
      ...(answerWithinMs !== undefined && { timeoutMs: answerWithinMs }),
    })
    if (stopping.signal.aborted && answer.error !== null) {
      await store.releaseDelivery(db, delivery)
      return
    }
    const { statusCode: status_code, answer: said, error } = answer
    const duration_ms = Math.round(performance.now() - began)
    const attempt = { at: now.toISOString(), duration_ms, status_code, answer: said, error }
    await transaction(db, (tx) => settle(tx, delivery, attempt, answer))
  }

  async function settle(
    tx: Tx,
    delivery: store.Delivery,
    attempt: store.Delivery['attempts'][number],
    { error, statusCode, retryAfterMs }: Answer,
  ) {
    const now = clock.now()
    // Before its delivery, as whoever deletes it does.
    const webhook = await store.lockWebhookOf(tx, delivery)
    if (webhook === undefined) return
    const tried = delivery.attempts.length + 1
    const delay = webhook.enabled ? delayAfter(tried, retryAfterMs, Math.random()) : null
    const ended = error === null || delay === null || statusCode === gone
    const settled = await store.settleDelivery(tx, delivery, attempt, {
      status: error === null ? 'success' : ended ? 'failed' : 'pending',
      next_attempt_at: ended ? null : new Date(now.getTime() + delay),
      finished_at: ended ? now : null,
    })
    if (!settled || !webhook.enabled) return
    const { account_id, id, failing_since } = webhook
    if (error === null) {
      if (failing_since !== null)
        await store.updateWebhook(tx, account_id, id, { failing_since: null })
      return
    }
    const since = failing_since ?? now
    const failingMs = now.getTime() - since.getTime()
    if (statusCode === gone) return disable(tx, webhook, 'Its receiver says that it is gone (410)')
    if (failingMs >= disabledAfterDays * dayMs) {
      return disable(
        tx,
        webhook,
        `Nothing has arrived for ${disabledAfterDays} days; last: ${error}`,
      )
    }
    if (failing_since === null)
      await store.updateWebhook(tx, account_id, id, { failing_since: since })
  }

  async function disable(tx: Tx, webhook: store.Webhook, reason: string) {
    const { account_id, id, public_id, url } = webhook
    const now = clock.now()
    await store.updateWebhook(tx, account_id, id, {
      ...{ enabled: false, disabled_reason: reason, updated_at: now },
    })
    await store.giveUpDeliveries(tx, webhook, now)
    const subject = { subjectKind: 'webhook', subjectId: public_id }
    const event = { accountId: account_id, kind: 'webhook.disabled', ...subject } as const
    await recordEvent(tx, { ...event, data: { url, reason } }, now)
    await mailOfDisabled(tx, webhook, reason, now)
    log('info', 'a webhook is switched off', { webhook: public_id, reason })
  }

  const looking = repeat('webhook deliveries', look, { everyMs: lookMs, log })
  await listener.subscribe(deliveryChannel, looking.poke)
  listener.onReconnect(looking.poke)
  return {
    poke: looking.poke,
    /** What is under way is cut off, and sent again by whoever comes next. */
    async close() {
      stopping.abort()
      await looking.close()
      await Promise.all(attempts.keys())
    },
  }
}
