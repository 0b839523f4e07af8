/** The account's things in the shapes of this dialect. */
import type { ApiKeyRecord, AuditEvent, SshKeyRecord } from '@garrison/contract/microvms/account'
import {
  type Delivery,
  patternThere,
  type WebhookEndpoint,
} from '@garrison/contract/microvms/webhooks'
import { keyAnswer } from '../../api-keys/view.ts'
import { auditAnswer } from '../../audit/view.ts'
import { deliveryAnswer, webhookAnswer } from '../../webhooks/view.ts'

type SshKeyRow = {
  readonly public_id: string
  readonly name: string
  readonly public_key: string
  readonly fingerprint: string
  readonly key_type: string
  readonly created_at: Date
}

export const sshKeyRecord = (row: SshKeyRow): SshKeyRecord => ({
  id: row.public_id,
  name: row.name,
  public_key: row.public_key,
  fingerprint: row.fingerprint,
  key_type: row.key_type,
  created_at: row.created_at.toISOString(),
})

export function apiKeyRecord(...of: Parameters<typeof keyAnswer>): ApiKeyRecord {
  const { name, created_by: _, monthly_cap: __, ...shown } = keyAnswer(...of)
  return { ...shown, description: name }
}

export function auditEvent(row: Parameters<typeof auditAnswer>[0]): AuditEvent {
  const { id, at, actor, action, subject, before, after, detail, address, request_id } =
    auditAnswer(row)
  return {
    ...{ id: String(id), action, status: 'success' },
    actor: {
      person_id: actor.person?.id ?? null,
      email: actor.person?.email ?? null,
      api_key_id: actor.api_key?.id ?? null,
      api_key: actor.api_key?.name ?? null,
    },
    ...{ resource_type: subject.kind, resource_id: subject.id },
    ...{ before, after, detail, ip_address: address, request_id, created_at: at },
  }
}

export function endpointAnswer(...of: Parameters<typeof webhookAnswer>): WebhookEndpoint {
  const { old_secret_until: _, event_patterns, ...shown } = webhookAnswer(...of)
  return { ...shown, event_patterns: event_patterns.map(patternThere) }
}

export function endpointDelivery(...of: Parameters<typeof deliveryAnswer>): Delivery {
  const { webhook_id, ...shown } = deliveryAnswer(...of)
  return { ...shown, endpoint_id: webhook_id }
}
