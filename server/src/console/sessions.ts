/**
 * Who looks at which machine or terminal right now, in this process, which has the region's machines. Places are
 * taken before anything is opened, so that no number of requests at once exceeds them.
 */
import { closeCodes, type LineKind } from '@garrison/contract/instances/console-routes'
import { DomainError } from '../errors.ts'

/** Viewers of one machine at a time. QEMU encodes the display for each of them anew. */
const places: Record<Place, number> = { console: 8, display: 4, terminal: 8 }
/** A terminal is of a microVM, and stands for itself; the others are an instance's. */
type Place = LineKind | 'terminal'

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
  const open = new Map<object, { of: string; kind: Place; holder: Holder; close: Close }>()

  /** Throws LIMIT_EXCEEDED when all places are taken. */
  function requirePlace(of: string, kind: Place) {
    const taken = [...open.values()].filter((other) => other.of === of && other.kind === kind)
    if (taken.length < places[kind]) return
    const what = kind === 'terminal' ? 'This terminal' : `The ${kind} of this instance`
    throw new DomainError(
      'LIMIT_EXCEEDED',
      `${what} has ${places[kind]} viewers already; close one first`,
    )
  }

  function close(whose: (holder: Holder) => boolean, reason: string) {
    for (const session of open.values())
      if (whose(session.holder)) session.close(closeCodes.keyGone, reason)
  }

  return {
    requirePlace,

    /** Takes a place, or throws LIMIT_EXCEEDED. */
    enter(of: string, kind: Place, holder: Holder): Session {
      requirePlace(of, kind)
      const place = {}
      open.set(place, { of, kind, holder, close: () => {} })
      return {
        attend(close) {
          if (open.has(place)) open.set(place, { of, kind, holder, close })
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
