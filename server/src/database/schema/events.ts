/** The tables of events. */
import type { ColumnType, Generated, JSONColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export type EventsSchema = {
  events: EventsTable
  event_positions: { only_one: Generated<boolean>; given: number; forgotten: Generated<number> }
}

type EventsTable = {
  id: Generated<number>
  /** Null: it concerns everybody. */
  account_id: Fixed<string | null>
  kind: Fixed<string>
  subject_kind: Fixed<string>
  subject_id: Fixed<string>
  data: JSONColumnType<Record<string, unknown>>
  created_at: Fixed<Date>
  /** Null until it has its place among what is committed. */
  position: ColumnType<number | null, never, number>
}
