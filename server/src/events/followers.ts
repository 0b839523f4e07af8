/** Who follows events right now, in this process. */
import { streamsPerAccount } from '@garrison/contract/events/routes'
import type { RequestCaller } from '../caller.ts'
import { DomainError } from '../errors.ts'

export type Follower = {
  readonly caller: Pick<RequestCaller, 'accountId' | 'keyId' | 'personId'>
  /** Whether who came in may still be here. */
  readonly isWelcome: () => Promise<boolean>
  /** Says why, and ends. */
  readonly end: (reason: string) => void
}

export function createFollowers() {
  const following = new Set<Follower>()

  const endThose = (which: (caller: Follower['caller']) => boolean, reason: string) => {
    for (const { caller, end } of [...following]) if (which(caller)) end(reason)
  }

  return {
    /** Throws LIMIT_EXCEEDED when the account has as many as it may. */
    requirePlace(accountId: string) {
      const taken = [...following].filter(({ caller }) => caller.accountId === accountId)
      if (taken.length < streamsPerAccount) return
      throw new DomainError(
        'LIMIT_EXCEEDED',
        `An account follows events ${streamsPerAccount} times at once at most; end one stream first`,
      )
    },
    enter(follower: Follower) {
      following.add(follower)
      return () => void following.delete(follower)
    },
    endOfKey(keyId: string) {
      endThose((caller) => caller.keyId === keyId, 'The API key was revoked or has expired')
    },
    endOfPerson(personId: string) {
      endThose(
        (caller) => caller.keyId === null && caller.personId === personId,
        'You have signed out, or do not belong to this account any more',
      )
    },
    endAll: () => endThose(() => true, 'The server stops; come again'),
    async endOfGone() {
      for (const { isWelcome, end } of [...following])
        if (!(await isWelcome())) end('Your key or your session has ended')
    },
  }
}
