import type { DeliveryStatus } from '@garrison/contract/webhooks/states'
import type { Answer } from '../api/client.ts'
import type { Look } from '../ui/status.tsx'

export type Delivery = Answer<'get', '/api/webhooks/{webhook_id}/deliveries/'>['deliveries'][number]

export const deliveryLooks: Record<DeliveryStatus, { look: Look; words: string }> = {
  pending: { look: 'changing', words: 'On its way' },
  success: { look: 'running', words: 'Arrived' },
  failed: { look: 'problem', words: 'Failed' },
}
