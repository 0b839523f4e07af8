/** What a request that changes a microVM waits for, and what it hears of a change that failed. */
import type { Caller } from '../../caller.ts'
import type { Database } from '../../database/database.ts'
import { OperationFailed } from '../../errors.ts'
import type { OperationService } from '../../operations/service.ts'
import * as store from './store.ts'

/** A request that waits for a machine is answered before its client gives up. */
const longestWaitMs = 50_000

/** What a request may wait for: by which operations, in what state one is that failed, and what is said then. */
const changesWaitedFor = {
  started: {
    kinds: ['start-microvm', 'clone-microvm'],
    leaves: 'failed',
    words: (id: string) => `VM ${id} could not be started`,
  },
  cloned: {
    kinds: ['clone-microvm'],
    leaves: 'failed',
    words: (id: string) => `The copy, VM ${id}, could not be made`,
  },
  suspended: {
    kinds: ['suspend-microvm'],
    leaves: 'running',
    words: (id: string) => `VM ${id} could not be suspended`,
  },
  resumed: {
    kinds: ['resume-microvm'],
    leaves: 'suspended',
    words: (id: string) => `VM ${id} could not be resumed`,
  },
} as const satisfies Record<string, object>
export type MicrovmChange = keyof typeof changesWaitedFor

type Deps = {
  db: Database
  operations: OperationService
  /** Finds one of the caller's, or throws. */
  require: (db: Database, caller: Caller, publicId: string) => Promise<store.Microvm>
}

export function createWaiting({ db, operations, require }: Deps) {
  return {
    /** Until what is at work on it has ended, and not for ever. Answers it as it is then. */
    async settled(caller: Caller, id: string, operation: string | null) {
      const open = operation ?? (await operations.openOn(db, id))
      if (open !== null) await operations.wait(open, longestWaitMs)
      return store.getMicrovm(db, caller.accountId, id)
    },

    /**
     * What it is when the change has been carried out, or still is after all patience, or somebody has ended it
     * meanwhile. Throws {@link OperationFailed}.
     * @param operation `null`: unknown when another request had asked for it.
     */
    async carriedOut(
      caller: Caller,
      publicId: string,
      operation: string | null,
      change: MicrovmChange,
    ) {
      const { kinds, leaves, words } = changesWaitedFor[change]
      const known = operation ?? (await operations.latest(caller.accountId, publicId, kinds))
      const ended = known === null ? null : await operations.wait(known, longestWaitMs)
      const row = await require(db, caller, publicId)
      if (row.status !== leaves || ended?.state === 'done') return row
      const why = ended?.error ?? row.message
      throw new OperationFailed(`${words(publicId)}: ${why}`, ended?.error_code)
    },
  }
}
