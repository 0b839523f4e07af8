/** The tables of people, their keys, and what they did. */
import type { Access, Role } from '@garrison/contract/accounts/roles'
import type { Generated, JSONColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export type PeopleSchema = {
  people: PeopleTable
  api_keys: ApiKeysTable
  audit_log: AuditLogTable
}

type PeopleTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  email: string | null
  name: Generated<string>
  role: Role
  auth_user_id: string | null
  invited_at: Date | null
  invitation_hash: Buffer | null
  invitation_expires_at: Date | null
  joined_at: Date | null
  removed_at: Date | null
  created_at: Fixed<Date>
}

type ApiKeysTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  name: string
  prefix: Fixed<string>
  hash: Fixed<Buffer>
  role: Fixed<Role>
  access: Fixed<Access>
  person_id: Fixed<string | null>
  created_at: Fixed<Date>
  last_used_at: Date | null
  expires_at: Date | null
  revoked_at: Date | null
  monthly_budget_micros: number | null
}

type Change = JSONColumnType<Record<string, unknown> | null, string | null | undefined>

type AuditLogTable = {
  id: Generated<number>
  account_id: string
  api_key_id: string | null
  person_id: string | null
  action: string
  subject_kind: string
  subject_id: string
  detail: JSONColumnType<Record<string, unknown>, string | undefined>
  before: Change
  after: Change
  request_id: string | null
  remote_address: string | null
  created_at: Date
}
