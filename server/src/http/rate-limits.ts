/** How often one key or person may ask, and one address may guess. Counted in this process's memory. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import type { RequestCaller } from '../caller.ts'
import { DomainError } from '../errors.ts'
import { networkOf } from './addresses.ts'
import type { AppContext } from './answers.ts'

const windowSeconds = 60
/** Wrong keys from one address within a minute. */
const failuresPerMinute = 30

export function createRateLimits(limits: { reads_per_minute: number; writes_per_minute: number }) {
  const perMinute = (points: number) => new RateLimiterMemory({ points, duration: windowSeconds })
  const reads = perMinute(limits.reads_per_minute)
  const writes = perMinute(limits.writes_per_minute)
  const failures = perMinute(failuresPerMinute)

  return {
    /** Counts a request, and tells how many are left. */
    async count(c: AppContext, caller: RequestCaller) {
      const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
      const limiter = isRead ? reads : writes
      const policy = isRead ? 'reads' : 'writes'
      const result = await limiter
        .consume(caller.keyId ?? caller.personId ?? caller.accountId)
        .catch(asResult)
      const left = Math.max(0, result.remainingPoints)
      const reset = secondsLeft(result)
      c.header('RateLimit-Policy', `"${policy}";q=${limiter.points};w=${windowSeconds}`)
      c.header('RateLimit', `"${policy}";r=${left};t=${reset}`)
      if (result.consumedPoints > limiter.points) {
        throw tooMany(
          c,
          `${caller.keyId === null ? 'You' : 'This key'} may send ${limiter.points} ${policy} a minute`,
          result,
        )
      }
    },

    /**
     * Counts a wrong key. Good keys are never refused for the wrong ones of a neighbour: behind a proxy
     * everybody has the same address.
     */
    async countFailure(c: AppContext, address: string | null) {
      const result = await failures.consume(networkOf(address)).catch(asResult)
      if (result.consumedPoints <= failuresPerMinute) return
      throw tooMany(c, 'Too many wrong API keys from this address', result)
    },
  }
}

export type RateLimits = ReturnType<typeof createRateLimits>

const secondsLeft = ({ msBeforeNext }: RateLimiterRes) =>
  Math.max(1, Math.ceil(msBeforeNext / 1000))

function tooMany(c: AppContext, what: string, result: RateLimiterRes) {
  const seconds = secondsLeft(result)
  c.header('Retry-After', String(seconds))
  return new DomainError('RATE_LIMIT_EXCEEDED', `${what}; try again in ${seconds} s`)
}

/** Over the limit, the library rejects with the same kind of result. */
function asResult(rejected: unknown): RateLimiterRes {
  if (rejected instanceof RateLimiterRes) return rejected
  throw rejected
}
