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

  /** In the structured fields of draft-ietf-httpapi-ratelimit-headers-10: what is left, and for how long. */
  function tell(c: AppContext, name: string, limiter: RateLimiterMemory, result: RateLimiterRes) {
    c.header('RateLimit-Policy', `"${name}";q=${limiter.points};w=${windowSeconds}`)
    const left = Math.max(0, result.remainingPoints)
    c.header('RateLimit', `"${name}";r=${left};t=${secondsLeft(result)}`)
  }

  async function take(c: AppContext, who: string, whose: string) {
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
    const [name, limiter] = isRead ? (['reads', reads] as const) : (['writes', writes] as const)
    const result = await limiter.consume(who).catch(asResult)
    tell(c, name, limiter, result)
    if (result.consumedPoints <= limiter.points) return
    throw tooMany(c, `${whose} may send ${limiter.points} ${name} a minute`, result)
  }

  return {
    /** Counts a request, and tells how many are left. */
    count: (c: AppContext, { keyId, personId, accountId }: RequestCaller) =>
      take(c, keyId ?? personId ?? accountId, keyId === null ? 'You' : 'This key'),

    /** Of somebody who did not say who they are: by the address that they come from. */
    countStranger: (c: AppContext, address: string | null) =>
      take(c, `address ${networkOf(address)}`, 'Without a key, one address'),

    /**
     * Counts a wrong key. Good keys are never refused for the wrong ones of a neighbour: behind a proxy
     * everybody has the same address.
     */
    async countFailure(c: AppContext, address: string | null) {
      const result = await failures.consume(networkOf(address)).catch(asResult)
      tell(c, 'wrong-keys', failures, result)
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
