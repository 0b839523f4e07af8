/**
 * Keys that were looked up a moment ago, so that most requests ask the database nothing about theirs. A
 * revocation tells every process at once (NOTIFY `api_key_revoked`), as does whatever else changes what
 * its keys or people may do (`account_changed`); should that be lost with a connection, a key is forgotten here after a few seconds all the same.
 */
import type { Clock } from '../clock.ts'
import type { KeyHolder } from './store.ts'

const rememberedMs = 5_000
/** More keys than this at once are looked up again: memory stays bounded whoever asks. */
const mostKeys = 10_000

export function createKnownKeys(clock: Clock) {
  const known = new Map<string, { holder: KeyHolder; until: number }>()

  return {
    get(hash: string): KeyHolder | undefined {
      const found = known.get(hash)
      if (found === undefined || found.until > clock.now().getTime()) return found?.holder
      known.delete(hash)
      return undefined
    },
    remember(hash: string, holder: KeyHolder) {
      if (known.size >= mostKeys) known.clear()
      known.set(hash, { holder, until: clock.now().getTime() + rememberedMs })
    },
    forget(keyId: string) {
      for (const [hash, { holder }] of known) if (holder.keyId === keyId) known.delete(hash)
    },
    forgetAccount(accountId: string) {
      for (const [hash, { holder }] of known) if (holder.accountId === accountId) known.delete(hash)
    },
    forgetAll: () => known.clear(),
  }
}
