import type { Event } from '@garrison/contract/events/routes'
import type { PlacedEvent } from './positions.ts'

export const eventAnswer = (event: PlacedEvent): Event => ({
  id: event.position,
  kind: event.kind,
  subject: { kind: event.subject_kind, id: event.subject_id },
  data: event.data,
  created_at: event.created_at.toISOString(),
})
