/**
 * Who looks at which machine right now, in this process, which has the region's machines. Places are
 * taken before anything is opened, so that no number of requests at once exceeds them.
 */
import { closeCodes, type LineKind } from '@garrison/contract/instances/console-routes'
import { DomainError } from '../errors.ts'

/** Viewers of one machine at a time. QEMU encodes the display for each of them anew. */
const places: Record<LineKind, number> = { console: 8, display: 4 }

/** By a key, or as somebody who signed in. */
export type Holder = { readonly keyId: string | null; readonly personId: string | null }

/** Somebody's end of a line: what tells them why it is over. */
type Close = (code: number, reason: string) => void

export type Session = {
  /** From now on somebody hears why it ends. */
  attend(close: Close): void
  /** Gives the place back. May be called twice. */
  leave(): void
}

export function createSessions() {
  const open = new Map<
    object,
    { instanceId: string; kind: LineKind; holder: Holder; close: Close }
  >()

  /** Throws LIMIT_EXCEEDED when all places are taken. */
  function requirePlace(instanceId: string, kind: LineKind) {
    const taken = [...open.values()].filter(
      (other) => other.instanceId === instanceId && other.kind === kind,
    )
    if (taken.length < places[kind]) return
    throw new DomainError(
      'LIMIT_EXCEEDED',
      `The ${kind} of this instance has ${places[kind]} viewers already; close one first`,
    )
  }

  function close(whose: (holder: Holder) => boolean, reason: string) {
    for (const session of open.values())
      if (whose(session.holder)) session.close(closeCodes.keyGone, reason)
  }

  return {
    requirePlace,

    /** Takes a place, or throws LIMIT_EXCEEDED. */
    enter(instanceId: string, kind: LineKind, holder: Holder): Session {
      requirePlace(instanceId, kind)
      const place = {}
      open.set(place, { instanceId, kind, holder, close: () => {} })
      return {
        attend(close) {
          if (open.has(place)) open.set(place, { instanceId, kind, holder, close })
        },
        leave: () => void open.delete(place),
      }
    },

    /** Whoever came in by this key has to go. */
    closeOf(keyId: string) {
      close((holder) => holder.keyId === keyId, 'The API key was revoked or has expired')
    },

    /** Whoever signed in as this person has to go. */
    closeOfPerson(personId: string) {
      close(
        (holder) => holder.keyId === null && holder.personId === personId,
        'You do not belong to this account any more',
      )
    },

    holders: () => [...open.values()].map(({ holder }) => holder),
  }
}
