import type { AuditRow } from '@garrison/contract/audit/routes'
import { csvLine } from './csv.ts'
import type { Row } from './store.ts'

export const auditAnswer = (row: Row): AuditRow => ({
  id: Number(row.id),
  at: row.created_at.toISOString(),
  actor: {
    person:
      row.person_id === null
        ? null
        : { id: row.person_id, name: row.person_name ?? '', email: row.person_email },
    api_key: row.api_key_id === null ? null : { id: row.api_key_id, name: row.key_name ?? '' },
  },
  action: row.action,
  subject: { kind: row.subject_kind, id: row.subject_id, name: row.subject_name },
  before: row.before,
  after: row.after,
  detail: row.detail,
  address: row.remote_address,
  request_id: row.request_id,
})

export const csvHead = csvLine([
  ...['at', 'action', 'subject_kind', 'subject_id', 'subject_name', 'person', 'api_key'],
  ...['address', 'request_id', 'before', 'after', 'detail'],
])

export function csvRow(row: Row): string {
  const json = (value: object | null) => (value === null ? null : JSON.stringify(value))
  return csvLine([
    row.created_at.toISOString(),
    ...[row.action, row.subject_kind, row.subject_id, row.subject_name],
    ...[row.person_email ?? row.person_name ?? row.person_id, row.key_name ?? row.api_key_id],
    ...[row.remote_address, row.request_id],
    ...[json(row.before), json(row.after), json(row.detail)],
  ])
}
