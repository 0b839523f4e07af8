/** Whose key somebody shows, and whether they have its private half. */
import ssh2, { type PublicKeyAuthContext } from 'ssh2'
import type { Database } from '../../database/database.ts'
import { fingerprintOf } from '../../ssh-keys/public-key.ts'
import { type Holder, holdersOf } from './store.ts'

/** With SHA-1, which others can forge. */
const isWeak = ({ key, hashAlgo }: PublicKeyAuthContext) =>
  key.algo === 'ssh-rsa' && hashAlgo === undefined

function verifies({ key, blob, signature, hashAlgo }: PublicKeyAuthContext, { publicKey }: Holder) {
  const known = ssh2.utils.parseKey(publicKey)
  if (known instanceof Error || !known.getPublicSSH().equals(key.data)) return false
  if (blob === undefined || signature === undefined) return false
  // It answers an error rather than throwing one.
  return known.verify(blob, signature, hashAlgo) === true
}

type Shown = { holders: readonly Holder[]; fingerprint: string; isProved: boolean }

/**
 * Null: it is nobody's, or not proved. `isProved` is false where the client only asks whether it is worth
 * signing with this key.
 */
export async function whoShows(db: Database, shown: PublicKeyAuthContext): Promise<Shown | null> {
  if (isWeak(shown)) return null
  const fingerprint = fingerprintOf(shown.key.data)
  const holders = await holdersOf(db, fingerprint)
  const [first] = holders
  if (first === undefined) return null
  if (shown.signature === undefined) return { holders, fingerprint, isProved: false }
  return verifies(shown, first) ? { holders, fingerprint, isProved: true } : null
}
