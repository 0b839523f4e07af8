/** Messages of the Standard Webhooks convention. */
import { randomBytes } from 'node:crypto'
import { oldSecretHours } from '@garrison/contract/webhooks/routes'
import { Webhook as Signer } from 'standardwebhooks'
import type { Webhook } from './store.ts'

const secretBytes = 24

export const newSecret = () => randomBytes(secretBytes)
/** As receivers are given it. */
export const secretText = (secret: Buffer) => `whsec_${secret.toString('base64')}`

export const oldSecretUntil = (now: Date) => new Date(now.getTime() + oldSecretHours * 3_600_000)

/** After a rotation, with both secrets for a while: a receiver takes any that it knows. */
export function signedHeaders(
  webhook: Pick<Webhook, 'secret' | 'old_secret' | 'old_secret_until'>,
  { messageId, body, now }: { messageId: string; body: string; now: Date },
): Record<string, string> {
  const secrets = [webhook.secret]
  const { old_secret, old_secret_until } = webhook
  if (old_secret !== null && old_secret_until !== null && old_secret_until > now)
    secrets.push(old_secret)
  return {
    'webhook-id': messageId,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets
      .map((secret) => new Signer(secretText(secret)).sign(messageId, now, body))
      .join(' '),
  }
}
