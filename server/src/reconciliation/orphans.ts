/** What an engine keeps for this installation and the database does not know: removed after a grace time. */
import type { Engine, Holdings } from '@garrison/engines/engine'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { newUuid } from '../ids.ts'
import { imagesToKeep } from '../images/store.ts'
import { publicAddressesToKeep } from '../instances/store.ts'
import type { Log } from '../log.ts'
import { nextFence } from '../operations/store.ts'
import { exportsToKeep } from '../snapshot-exports/store.ts'
import { snapshotsToKeep } from '../snapshots/store.ts'
import { volumesToKeep } from '../volumes/store.ts'

/** Long enough that nothing of an operation in flight, here or in another process, is taken for a stray. */
const graceMs = 10 * 60_000

type Stray = {
  readonly id: string
  readonly kind: 'machine' | 'public-address' | 'snapshot' | 'export' | 'image' | 'volume'
}

export function createOrphanage({ db, clock, log }: { db: Database; clock: Clock; log: Log }) {
  /** By region, kind and id: what belonged to nobody at the last look, and since when. */
  const known = new Map<string, ReadonlyMap<string, Date>>()

  async function straysOf(holdings: Holdings, machines: ReadonlySet<string>) {
    const [snapshots, exports, images, volumes, withAddress] = await Promise.all([
      snapshotsToKeep(db),
      exportsToKeep(db),
      imagesToKeep(db),
      volumesToKeep(db),
      publicAddressesToKeep(db),
    ])
    const nobodys = (kind: Stray['kind'], ids: readonly string[], wanted: ReadonlySet<string>) =>
      ids.filter((id) => !wanted.has(id)).map((id): Stray => ({ id, kind }))
    const found = holdings.machines.map((machine) => machine.id)
    return [
      // The addresses of a stray machine go with it.
      ...nobodys('machine', [...new Set([...found, ...holdings.addresses])], machines),
      ...nobodys(
        'public-address',
        holdings.publicAddresses.filter((id) => machines.has(id)),
        withAddress,
      ),
      ...nobodys('snapshot', [...new Set([...holdings.snapshots, ...holdings.uploads])], snapshots),
      ...nobodys('export', holdings.exports, exports),
      ...nobodys('image', holdings.images, images),
      // Behind the machine that may have it.
      ...nobodys('volume', holdings.volumes, volumes),
    ]
  }

  async function removeStray(engine: Engine, { id, kind }: Stray) {
    const order = { operation: newUuid(), fence: await nextFence(db) }
    log('warn', `removing a ${kind} that belongs to nobody`, { id })
    switch (kind) {
      case 'machine':
        await engine.ensureGone(id, order)
        await engine.ensureAddressGone(id, order)
        return
      case 'public-address':
        return engine.ensurePublicAddressGone(id, order)
      case 'snapshot':
        return engine.ensureSnapshotGone(id, order)
      case 'export':
        return engine.ensureExportGone(id, order)
      case 'image':
        return engine.ensureImageGone(id, order)
      case 'volume':
        return engine.ensureVolumeGone(id, order)
    }
  }

  return {
    /** `machines`: those that the database knows. One that cannot be removed holds up no other. */
    async remove(
      region: string,
      engine: Engine,
      holdings: Holdings,
      machines: ReadonlySet<string>,
    ): Promise<void> {
      const now = clock.now()
      const left = new Map<string, Date>()
      for (const stray of await straysOf(holdings, machines)) {
        const key = `${stray.kind} ${stray.id}`
        const since = known.get(region)?.get(key) ?? now
        left.set(key, since)
        if (since === now) {
          const message = `a ${stray.kind} belongs to nobody; it is removed in ten minutes`
          log('warn', message, { id: stray.id, region })
        } else if (now.getTime() - since.getTime() >= graceMs) {
          try {
            await removeStray(engine, stray)
            left.delete(key)
          } catch (error) {
            log('warn', 'cannot remove it', { id: stray.id, region, error })
          }
        }
      }
      known.set(region, left)
    },
  }
}
