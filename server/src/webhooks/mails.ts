import type { Tx } from '../database/database.ts'
import { queueMail } from '../mail/queue.ts'
import type { Webhook } from './store.ts'

/** To those who may switch it on again. */
export async function mailOfDisabled(tx: Tx, webhook: Webhook, reason: string, now: Date) {
  const { account_id: accountId, public_id, url } = webhook
  const owners = await tx
    .selectFrom('people')
    .select('email')
    .where('account_id', '=', accountId)
    .where('role', 'in', ['owner', 'operator'])
    .where('joined_at', 'is not', null)
    .where('removed_at', 'is', null)
    .execute()
  const subject = `Webhook ${public_id} was switched off`
  const text = [
    `The webhook ${public_id} to ${url} was switched off.`,
    '',
    reason,
    '',
    'What happens from now on is not sent to it. Once its receiver works again, switch it on with',
    `PATCH /api/webhooks/${public_id}/ {"enabled": true}, and replay what was missed.`,
  ].join('\n')
  for (const { email } of owners)
    if (email !== null) await queueMail(tx, { accountId, to: email, subject, text }, now)
}
