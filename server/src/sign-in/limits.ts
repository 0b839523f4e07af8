/**
 * Slows whoever guesses passwords and codes, or floods a mailbox. Each attempt counts before it is looked
 * at, so that many at once gain nothing, and is given back when it succeeds. Who goes on in spite of it
 * waits twice as long each time. Counted in this process's memory, as all limits are; guesses at a code
 * are limited in the database too.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { Config } from '../config.ts'
import { networkOf } from '../http/addresses.ts'

const windowSeconds = 15 * 60
const firstBlockSeconds = 60
const longestBlockSeconds = 60 * 60
const daySeconds = 24 * 60 * 60

export type Blocked = {
  readonly seconds: number
  /** It begins now: the one moment that is worth writing down. */
  readonly begins: boolean
}

const counter = (keyPrefix: string, points: number, duration = windowSeconds) =>
  new RateLimiterMemory({ keyPrefix, points, duration })

export function createSignInLimits(limits: Config['auth']['limits']) {
  const guesses = [
    counter('guesses-of-email', limits.failures_per_email),
    counter('guesses-of-address', limits.failures_per_address),
  ] as const
  const letters = [
    counter('letters-to-email', limits.mails_per_email),
    counter('letters-of-address', limits.mails_per_address),
  ] as const
  const blocks = counter('blocks', Number.MAX_SAFE_INTEGER, daySeconds)

  async function take(
    [perEmail, perAddress]: typeof guesses,
    email: string | null,
    address: string | null,
  ): Promise<Blocked | null> {
    const ofAddress = await spend(perAddress, networkOf(address))
    if (ofAddress !== null || email === null) return ofAddress
    const ofEmail = await spend(perEmail, email.toLowerCase())
    if (ofEmail !== null) await perAddress.reward(networkOf(address))
    return ofEmail
  }

  async function spend(limiter: RateLimiterMemory, key: string): Promise<Blocked | null> {
    const result = await limiter.consume(key).catch(asResult)
    if (result.consumedPoints <= limiter.points) return null
    const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1000))
    const begins = result.consumedPoints === limiter.points + 1
    if (!begins) return { seconds, begins }
    const { consumedPoints } = await blocks.consume(limiter.getKey(key))
    const block = Math.min(firstBlockSeconds * 2 ** (consumedPoints - 1), longestBlockSeconds)
    await limiter.block(key, block)
    return { seconds: block, begins }
  }

  return {
    /** Null when somebody may try; `kind`: passwords and codes have a count each. */
    guess: (kind: string, email: string | null, address: string | null) =>
      take(guesses, email === null ? null : `${kind} ${email}`, address),

    /** The attempt was right, or nothing of the kind. */
    async forgive(kind: string, email: string | null, address: string | null) {
      await guesses[1].reward(networkOf(address))
      if (email !== null) await guesses[0].delete(`${kind} ${email}`.toLowerCase())
    },

    /** Null when a mail may be asked for. */
    letter: (email: string | null, address: string | null) => take(letters, email, address),
  }
}

export type SignInLimits = ReturnType<typeof createSignInLimits>

/** Over the limit, the library rejects with the same kind of result. */
function asResult(rejected: unknown): RateLimiterRes {
  if (rejected instanceof RateLimiterRes) return rejected
  throw rejected
}
