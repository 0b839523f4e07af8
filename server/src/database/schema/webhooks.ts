/** The tables of webhooks. */
import type { DeliveryStatus } from '@garrison/contract/webhooks/states'
import type { ColumnType, Generated } from 'kysely'
import type { Fixed } from './columns.ts'

export type WebhooksSchema = {
  webhooks: WebhooksTable
  webhook_deliveries: WebhookDeliveriesTable
}

type WebhooksTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  url: string
  description: string | null
  event_patterns: string[]
  enabled: Generated<boolean>
  disabled_reason: Generated<string | null>
  secret: Buffer
  old_secret: Generated<Buffer | null>
  old_secret_until: Generated<Date | null>
  failing_since: Generated<Date | null>
  created_at: Fixed<Date>
  updated_at: Date
}

/** One try at a delivery. `status_code` is null when there was no answer. */
export type Attempt = {
  at: string
  duration_ms: number
  status_code: number | null
  /** The first bytes of the answer. */
  answer: string | null
  error: string | null
}

type WebhookDeliveriesTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  webhook_id: Fixed<string>
  message_id: Fixed<string>
  event_kind: Fixed<string>
  event_id: Fixed<number | null>
  body: Fixed<string>
  status: DeliveryStatus
  attempts: ColumnType<Attempt[], string | undefined, string>
  next_attempt_at: Date | null
  lease: string | null
  lease_until: Date | null
  created_at: Fixed<Date>
  finished_at: Date | null
}
