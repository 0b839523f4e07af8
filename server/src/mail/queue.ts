import type { Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import { newUuid } from '../ids.ts'

export const mailChannel = 'mails'

export type Mail = {
  /** One address. */
  to: string
  subject: string
  /** Plain text. Codes and links belong here: the subject is kept, the text is not. */
  text: string
}

/** Sent once the transaction has committed, and not at all otherwise. */
export async function queueMail(
  tx: Tx,
  mail: Mail & { accountId?: string | null },
  now: Date,
): Promise<void> {
  await tx
    .insertInto('mails')
    .values({
      id: newUuid(),
      account_id: mail.accountId ?? null,
      recipient: mail.to,
      subject: mail.subject,
      body: mail.text,
      created_at: now,
      next_attempt_at: now,
      sent_at: null,
      error: null,
    })
    .execute()
  await notify(tx, mailChannel, '')
}
