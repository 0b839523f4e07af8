/** Hibernates what an account, or one of its keys, has running, a few machines at a time. */
import type { AccountService } from '../accounts/service.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { gaveWay, isUnavailable, type Tx } from '../database/database.ts'
import { savepoint } from '../database/savepoint.ts'
import { DomainError } from '../errors.ts'
import type { Hibernation } from '../instances/hibernation.ts'
import type { InstanceService } from '../instances/service.ts'
import type { Log } from '../log.ts'
import * as store from './store.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** So that no transaction holds more machines than this. */
const atATime = 50
const firstRetryMs = 5 * minuteMs
const longestRetryMs = 60 * minuteMs

/**
 * What is to be done about a machine. One whose memory cannot be kept, for want of disk or by its region,
 * is shut down, and then hibernated by its disk alone; where a region cannot do that either, it stays so.
 */
export function nextFor(
  { status, failures, failedAt }: Pick<store.Spender, 'status' | 'failures' | 'failedAt'>,
  canHibernate: boolean,
  now: Date,
): 'hibernate' | 'stop' | 'give up capacity' | 'wait' {
  if (status === 'HIBERNATED') return 'give up capacity'
  if (!canHibernate) return status === 'ACTIVE' ? 'stop' : 'wait'
  if (failures === 0 || failedAt === null) return 'hibernate'
  if (status === 'ACTIVE') return 'stop'
  const pause = Math.min(longestRetryMs, firstRetryMs * 2 ** (failures - 1))
  return now.getTime() - failedAt.getTime() < pause ? 'wait' : 'hibernate'
}

export type HibernatingDeps = {
  clock: Clock
  regions: Regions
  accounts: AccountService
  instances: InstanceService
  hibernation: Hibernation
  log: Log
}

export function createHibernating(deps: HibernatingDeps) {
  const { clock, regions, accounts, instances, hibernation, log } = deps

  /** Whether there may be more. @param keyId Only what that key made. */
  return async function hibernateSome(
    tx: Tx,
    accountId: string,
    keyId: string | null,
    reason: 'credits' | 'budget',
  ): Promise<boolean> {
    const now = clock.now()
    const all = await store.spenders(tx, accountId, keyId, new Date(now.getTime() - dayMs))
    if (all.length === 0) return false
    const caller = await accounts.onBehalfOf(tx, accountId)
    let begun = 0
    for (const machine of all) {
      if (begun === atATime) return true
      if (!regions.isConfigured(machine.region)) continue
      const todo = nextFor(machine, regions.capabilities(machine.region).hibernate, now)
      if (todo === 'wait') continue
      try {
        await savepoint(tx, async () => {
          const id = machine.public_id
          if (todo === 'stop') await instances.stop(tx, caller, id)
          else if (todo === 'hibernate') await hibernation.hibernateUnpaid(tx, caller, id, reason)
          else await hibernation.giveUpCapacity(tx, caller, id, reason)
        })
        begun++
      } catch (error) {
        if (isUnavailable(error) || gaveWay(error)) throw error
        // What is on its way is taken when it has settled.
        if (error instanceof DomainError && error.code === 'OPERATION_IN_PROGRESS') continue
        log('warn', 'cannot hibernate an instance that nothing pays for', {
          instance: machine.public_id,
          error,
        })
      }
    }
    return false
  }
}

export type HibernateSome = ReturnType<typeof createHibernating>
