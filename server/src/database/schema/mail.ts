/** Tables of mail, as Kysely sees them. */
import type { Generated } from 'kysely'
import type { Fixed } from './columns.ts'

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
