/** Suspends what an account, or one of its keys, has running and nothing pays for: memory and disk are kept. */
import type { AccountService } from '../accounts/service.ts'
import { gaveWay, isUnavailable } from '../database/database.ts'
import { savepoint } from '../database/savepoint.ts'
import type { HibernateSome } from '../depletion/hibernating.ts'
import { DomainError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { MicrovmService } from './vms/service.ts'

/** So that no transaction holds more of them than this. */
const atATime = 50

export function createSuspending(deps: {
  accounts: AccountService
  microvms: MicrovmService
  log: Log
}): HibernateSome {
  const { accounts, microvms, log } = deps
  return async (tx, accountId, keyId, reason) => {
    const all = await microvms.spending(tx, accountId, keyId, atATime)
    if (all.length === 0) return false
    const caller = await accounts.onBehalfOf(tx, accountId)
    let begun = 0
    for (const { id, public_id } of all) {
      try {
        // Without room for its memory it cannot be kept, and must not go on for nothing either.
        await savepoint(tx, async () => {
          await microvms.suspend(tx, caller, public_id, { reason })
        }).catch(async (error: unknown) => {
          if (!(error instanceof DomainError) || error.code !== 'INSUFFICIENT_CAPACITY') throw error
          await savepoint(tx, async () => {
            await microvms.end(tx, caller, id, `Nothing paid for it any more (${reason})`)
          })
        })
        begun++
      } catch (error) {
        if (isUnavailable(error) || gaveWay(error)) throw error
        // What is on its way is taken when it has settled.
        if (error instanceof DomainError && error.code === 'OPERATION_IN_PROGRESS') continue
        log('warn', 'cannot suspend a microVM that nothing pays for', { vm: public_id, error })
      }
    }
    return begun === atATime
  }
}
