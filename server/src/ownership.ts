/**
 * A region has one owner at a time among all servers on its database: what carries out operations and
 * reconciles takes whatever else happens to the machines for an accident. The owner holds a lock that ends
 * with its database connection. When that breaks, somebody else may take over, so the owner lets go of
 * everything at once, and begins again when it has the lock again.
 */
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import { type AdvisoryLock, holdAdvisoryLock } from './database/advisory-lock.ts'
import type { Log } from './log.ts'

const firstRetryMs = 250
const longestRetryMs = 5_000

export class RegionTaken extends Error {
  override name = 'RegionTaken'
  constructor(region: string) {
    super(
      `Another server on this database owns ${region}; stop it, or give one of the two another database`,
    )
  }
}

/** What only the owner may do. How it ends is put on the stack. */
type Work = (stack: AsyncDisposableStack) => Promise<void>

/** Throws {@link RegionTaken} when another server owns one of the regions. */
export async function ownRegions(deps: {
  connection: pg.ClientConfig
  regions: readonly string[]
  log: Log
}) {
  const { regions, log } = deps
  let locks = await lockAll(deps)

  async function begin(work: Work): Promise<AsyncDisposableStack> {
    const stack = new AsyncDisposableStack()
    try {
      for (const { lost } of locks) lost.throwIfAborted()
      await work(stack)
      return stack
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  }

  async function follow(work: Work, first: AsyncDisposableStack, ending: AbortSignal) {
    let running: AsyncDisposableStack | null = first
    while (running !== null) {
      const over = AbortSignal.any([ending, ...locks.map((lock) => lock.lost)])
      if (!over.aborted) await once(over, 'abort')
      if (!ending.aborted) {
        log('error', 'lost these regions with the database connection; nothing is done there', {
          regions,
        })
      }
      await running.disposeAsync()
      running = ending.aborted ? null : await regain(work, ending)
    }
  }

  /** Null when the work is ended first. */
  async function regain(work: Work, ending: AbortSignal) {
    for (let waitMs = firstRetryMs; !ending.aborted; ) {
      await releaseAll(locks)
      try {
        locks = await lockAll(deps)
        const begun = await begin(work)
        log('info', 'own these regions again; going on', { regions })
        return begun
      } catch (error) {
        log('warn', 'cannot own these regions again yet', { regions, error })
      }
      await pause(waitMs, undefined, { signal: ending }).catch(() => {})
      waitMs = Math.min(waitMs * 2, longestRetryMs)
    }
    return null
  }

  return {
    /** Begins the work, ends it when ownership is lost, and begins it anew whenever it is back. */
    async whileHeld(work: Work) {
      const ending = new AbortController()
      const followed = follow(work, await begin(work), ending.signal)
      return {
        /** Returns when the work has ended. */
        async close() {
          ending.abort()
          await followed
        },
      }
    },

    /** Others may take over. */
    release: () => releaseAll(locks),
  }
}

async function lockAll({
  connection,
  regions,
}: {
  connection: pg.ClientConfig
  regions: readonly string[]
}): Promise<AdvisoryLock[]> {
  const locks: AdvisoryLock[] = []
  try {
    for (const region of regions) {
      const lock = await holdAdvisoryLock(connection, `owner of region ${region}`)
      if (lock === null) throw new RegionTaken(region)
      locks.push(lock)
    }
    return locks
  } catch (error) {
    await releaseAll(locks)
    throw error
  }
}

async function releaseAll(locks: readonly AdvisoryLock[]) {
  await Promise.all(locks.map((lock) => lock.release()))
}
