/** Tables of mail, as Kysely sees them. */
import type { ColumnType, Generated } from 'kysely'

type Fixed<T> = ColumnType<T, T, never>

export type MailSchema = {
  mails: {
    id: Fixed<string>
    account_id: Fixed<string | null>
    recipient: Fixed<string>
    subject: Fixed<string>
    body: string | null
    created_at: Fixed<Date>
    attempts: Generated<number>
    next_attempt_at: Date | null
    sent_at: Date | null
    error: string | null
  }
}
