/** From rows to what the API answers; never with a secret. */
import type { WebhookDelivery, Webhook as WebhookShape } from '@garrison/contract/webhooks/routes'
import type { Delivery, Webhook } from './store.ts'

/** An old secret that signs no more is none. */
export function webhookAnswer(row: Webhook, now: Date): WebhookShape {
  const { old_secret_until: until } = row
  return {
    id: row.public_id,
    url: row.url,
    description: row.description,
    event_patterns: row.event_patterns,
    enabled: row.enabled,
    disabled_reason: row.disabled_reason,
    failing_since: row.failing_since?.toISOString() ?? null,
    old_secret_until: until !== null && until > now ? until.toISOString() : null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

export function deliveryAnswer(
  row: Delivery,
  { public_id }: Pick<Webhook, 'public_id'>,
): WebhookDelivery {
  return {
    id: row.id,
    webhook_id: public_id,
    message_id: row.message_id,
    event_kind: row.event_kind,
    event_id: row.event_id,
    status: row.status,
    attempts: row.attempts,
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    finished_at: row.finished_at?.toISOString() ?? null,
  }
}
