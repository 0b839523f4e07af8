/**
 * Makes microVMs follow what is wanted: what died is ended, with its reason; a policy that could not be put in
 * force is tried again; what nobody owns is removed after a grace time. Unknown is never read as dead.
 */
import type { MicrovmEngine, MicrovmHoldings, MicrovmState } from '@garrison/engines/engine'
import type { AccountService } from '../accounts/service.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, transaction } from '../database/database.ts'
import { newUuid } from '../ids.ts'
import type { Log } from '../log.ts'
import * as snapshots from '../microvms/snapshots/store.ts'
import type { MicrovmService } from '../microvms/vms/service.ts'
import * as store from '../microvms/vms/store.ts'
import { nextFence } from '../operations/store.ts'

/** Long enough that nothing of an operation in flight is taken for a stray. */
const graceMs = 10 * 60_000
/** Between attempts at a policy: at first, and at most. */
const egressMs = { first: 15_000, most: 60 * 60_000 }

type Row = Awaited<ReturnType<typeof store.liveIn>>[number]

export function createMicrovmReconciler(deps: {
  db: Database
  clock: Clock
  regions: Regions
  accounts: AccountService
  microvms: MicrovmService
  log: Log
}) {
  const { db, clock, regions, accounts, microvms, log } = deps
  /** Kind and id → since when it is known to belong to nobody. */
  const strays = new Map<string, number>()
  /** Region and machine whose policy is not in force → when that is tried next, and how long after that. */
  const retries = new Map<string, { at: number; afterMs: number }>()

  /** Why it is to be ended; null: it is as it should be, or somebody is at work on it. */
  function verdict(row: Row, state: MicrovmState | undefined): string | null {
    const status = state?.status ?? 'absent'
    const gone = status === 'absent' || status === 'dead'
    if (!gone || !['running', 'suspended'].includes(row.status)) return null
    return state?.detail ?? (status === 'dead' ? 'It ended by itself' : 'It is gone from its host')
  }

  async function end(row: Row, reason: string) {
    await transaction(db, async (tx) => {
      const caller = await accounts.onBehalfOf(tx, row.account_id)
      // Whoever is at work on it knows better.
      if ((await microvms.isBusy(tx, row.id)) || (await microvms.hasChanged(tx, row))) return
      log('warn', 'a microVM has ended by itself', { vm: row.public_id, reason })
      await microvms.end(tx, caller, row.id, reason)
    })
  }

  /** What is asked for is brought about, however long it cannot be. */
  async function enforceEgress(region: string, rows: readonly Row[]) {
    const open = new Map(
      rows.filter((row) => !row.egress_in_force).map((row) => [`${region} ${row.id}`, row]),
    )
    for (const key of retries.keys())
      if (key.startsWith(`${region} `) && !open.has(key)) retries.delete(key)
    for (const [key, row] of open) {
      const now = clock.now().getTime()
      const { at, afterMs } = retries.get(key) ?? { at: now, afterMs: egressMs.first }
      if (now < at) continue
      retries.set(key, { at: now + afterMs, afterMs: Math.min(2 * afterMs, egressMs.most) })
      await transaction(db, (tx) => microvms.enforceEgress(tx, row)).catch((error: unknown) =>
        log('warn', 'cannot put a policy in force', { vm: row.public_id, error }),
      )
    }
  }

  async function remove(engine: MicrovmEngine, kind: 'microvm' | 'snapshot', id: string) {
    const key = `${kind} ${id}`
    const now = clock.now().getTime()
    const since = strays.get(key) ?? now
    strays.set(key, since)
    if (now - since < graceMs) return
    log('warn', `removing a ${kind} that belongs to nobody`, { id })
    const order = { operation: newUuid(), fence: await nextFence(db) }
    if (kind === 'microvm') await engine.ensureMicrovmGone(id, order)
    else await engine.ensureMicrovmSnapshotGone(id, order)
    strays.delete(key)
  }

  /** What was to be kept and is not there any more is said to be so. */
  async function missSnapshots(
    wanted: Awaited<ReturnType<typeof snapshots.readyIn>>,
    held: ReadonlySet<string>,
  ) {
    for (const row of wanted) {
      if (held.has(row.id)) continue
      const now = clock.now()
      await snapshots.updateSnapshot(db, row.account_id, row.id, {
        ...{ status: 'failed', error: 'It is gone from its host', updated_at: now },
        // Whoever needs the base next makes it anew.
        ...(row.origin === 'base' && { deleted_at: now }),
      })
      log('warn', 'a snapshot of microVMs is gone', { snapshot: row.public_id })
    }
  }

  async function reconcile(region: string, engine: MicrovmEngine) {
    // First what is wanted, then what there is: what is made meanwhile is a stray for one look only.
    const rows = await store.liveIn(db, region)
    const ready = await snapshots.readyIn(db, region)
    const kept = await snapshots.snapshotIdsToKeep(db)
    const holdings: MicrovmHoldings = await engine.microvmHoldings()
    const states = new Map(holdings.microvms.map((state) => [state.id, state]))
    for (const row of rows) {
      const reason = verdict(row, states.get(row.id))
      if (reason === null) continue
      await end(row, reason).catch((error: unknown) =>
        log('warn', 'cannot end a microVM that has ended by itself', { vm: row.public_id, error }),
      )
    }
    await enforceEgress(region, rows)
    await missSnapshots(ready, new Set(holdings.snapshots))
    const known = new Set(rows.map(({ id }) => id))
    const nobodys = [
      ...holdings.microvms.filter(({ id }) => !known.has(id)).map(({ id }) => ['microvm', id]),
      ...holdings.snapshots.filter((id) => !kept.has(id)).map((id) => ['snapshot', id]),
    ] as ['microvm' | 'snapshot', string][]
    const seen = new Set(nobodys.map(([kind, id]) => `${kind} ${id}`))
    for (const key of strays.keys()) if (!seen.has(key)) strays.delete(key)
    for (const [kind, id] of nobodys) {
      await remove(engine, kind, id).catch((error: unknown) =>
        log('warn', 'cannot remove it', { kind, id, error }),
      )
    }
  }

  return {
    /** Every region that has them, once. */
    async run() {
      for (const region of regions.names()) {
        const { microvms: engine } = regions.engine(region)
        if (engine === undefined) continue
        await reconcile(region, engine).catch((error: unknown) =>
          log('warn', 'cannot reconcile microVMs', { region, error }),
        )
      }
    },
  }
}
