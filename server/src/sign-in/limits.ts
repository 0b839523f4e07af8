/**
 * Slows whoever guesses passwords and codes, or floods a mailbox. Each attempt counts before it is looked
 * at, so that many at once gain nothing, and is given back when it succeeds. Who goes on in spite of it
 * waits twice as long each time. Failures at a person count for the network that they come from, so that
 * nobody locks somebody else out; those of all networks together count only for networks from which that
 * person has not signed in lately. Counted in this process's memory, as all limits are; guesses at a code are
 * limited in the database too.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Config } from '../config.ts'
import { networkOf } from '../http/addresses.ts'

const windowSeconds = 15 * 60
const firstBlockSeconds = 60
const longestBlockSeconds = 60 * 60
const daySeconds = 24 * 60 * 60
/** How many networks' worth of failures one person may have altogether. */
const networksPerPerson = 10
/** A network is somebody's for so long after they signed in from it. */
const knownSeconds = 14 * daySeconds

export type Blocked = {
  readonly seconds: number
  /** It begins now: the one moment that is worth writing down. */
  readonly begins: boolean
  /** What was spent: so many attempts within so many seconds. */
  readonly limit: { readonly name: string; readonly points: number; readonly duration: number }
}

/** Whose secret it is: an address as it was typed, or somebody who has signed in. */
export type Whose = { readonly email: string } | { readonly personId: string } | null

const counter = (keyPrefix: string, points: number, duration = windowSeconds) =>
  new RateLimiterMemory({ keyPrefix, points, duration })

export function createSignInLimits(limits: Config['auth']['limits']) {
  const guessesOfNetwork = counter('guesses-of-address', limits.failures_per_address)
  const guessesAt = counter('guesses-of-email', limits.failures_per_email)
  const guessesOfAll = counter('guesses-of-all', limits.failures_per_email * networksPerPerson)
  const lettersOfNetwork = counter('letters-of-address', limits.mails_per_address)
  const lettersTo = counter('letters-to-email', limits.mails_per_email)
  const known = counter('known-networks', Number.MAX_SAFE_INTEGER, knownSeconds)
  const blocks = counter('blocks', Number.MAX_SAFE_INTEGER, daySeconds)

  type Count = readonly [limiter: RateLimiterMemory, key: string]

  /** Spends one of each, in this order; what a later one refuses, earlier ones get back. */
  async function take(counts: readonly Count[]): Promise<Blocked | null> {
    for (const [index, count] of counts.entries()) {
      const blocked = await spend(...count)
      if (blocked === null) continue
      for (const [limiter, key] of counts.slice(0, index)) await limiter.reward(key)
      return blocked
    }
    return null
  }

  /** Whoever has signed in is one person, wherever they are; others may say any address. */
  function countsOf(kind: string, whose: Whose, network: string) {
    const own: Count[] = [[guessesOfNetwork, network]]
    if (whose === null) return own
    if ('personId' in whose) return [...own, [guessesAt, `${kind} ${whose.personId}`] as const]
    return [...own, [guessesAt, `${kind} ${whose.email.toLowerCase()} ${network}`] as const]
  }

  const atAll = (kind: string, email: string): Count => [
    guessesOfAll,
    `${kind} ${email.toLowerCase()}`,
  ]
  const knownAs = (email: string, network: string) => `${email.toLowerCase()} ${network}`

  async function spend(limiter: RateLimiterMemory, key: string): Promise<Blocked | null> {
    const result = await limiter.consume(key).catch(asResult)
    if (result.consumedPoints <= limiter.points) return null
    const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000))
    const begins = result.consumedPoints === limiter.points + 1
    const { keyPrefix: name, points, duration } = limiter
    const limit = { name, points, duration }
    if (!begins) return { seconds, begins, limit }
    const { consumedPoints } = await blocks.consume(limiter.getKey(key))
    const block = Math.min(firstBlockSeconds * 2 ** (consumedPoints - 1), longestBlockSeconds)
    await limiter.block(key, block)
    return { seconds: block, begins, limit }
  }

  return {
    /** Null when somebody may try; `kind`: passwords and codes have a count each. */
    async guess(kind: string, whose: Whose, address: string | null) {
      const network = networkOf(address)
      const counts = countsOf(kind, whose, network)
      if (whose === null || 'personId' in whose) return take(counts)
      const isTheirs = (await known.get(knownAs(whose.email, network))) !== null
      return take(isTheirs ? counts : [...counts, atAll(kind, whose.email)])
    },

    /** The attempt was right, or nothing of the kind. */
    async forgive(kind: string, whose: Whose, address: string | null) {
      const network = networkOf(address)
      const [ofNetwork, at] = countsOf(kind, whose, network)
      if (ofNetwork) await ofNetwork[0].reward(ofNetwork[1])
      if (at) await at[0].delete(at[1])
      if (whose === null || 'personId' in whose) return
      const theirs = knownAs(whose.email, network)
      if ((await known.get(theirs)) === null) await guessesOfAll.reward(atAll(kind, whose.email)[1])
      await known.delete(theirs)
      await known.consume(theirs)
    },

    /** Null when a mail may be asked for. */
    letter: (email: string | null, address: string | null) =>
      take([
        [lettersOfNetwork, networkOf(address)],
        ...(email === null ? [] : [[lettersTo, email.toLowerCase()] as const]),
      ]),
  }
}

export type SignInLimits = ReturnType<typeof createSignInLimits>

/** Over the limit, the library rejects with the same kind of result. */
function asResult(rejected: unknown): RateLimiterRes {
  if (rejected instanceof RateLimiterRes) return rejected
  throw rejected
}
