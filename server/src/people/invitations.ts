/** Tokens of invitations, which only the mail holds, and the mail. */
import { createHash, randomBytes } from 'node:crypto'
import { invitationDays } from '@garrison/contract/accounts/people'

const tokenBytes = 32

export const newToken = () => randomBytes(tokenBytes).toString('base64url')
export const hashOf = (token: string) => createHash('sha256').update(token).digest()
export const expiryFrom = (now: Date) => new Date(now.getTime() + invitationDays * 86_400_000)

export function invitationLetter(about: {
  origin: string
  token: string
  account: string
  /** Who invites; null when a key of the host does. */
  by: string | null
}) {
  const { origin, token, account, by } = about
  return {
    subject: `You are invited to ${account}`,
    text: `${by ?? 'The owner'} invites you to the account "${account}" on Garrison, where machines run.

Accept here, within ${invitationDays} days:

  ${origin}/accept?token=${token}

If you do not know what this is about, you need not do anything.
`,
  }
}
