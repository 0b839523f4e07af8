/**
 * Back to a snapshot: an empty layer over the snapshot's takes the place of the active one.
 *
 *     1  new.qcow2 over the snapshot's layer    nothing has happened; nobody knows of it
 *     2  record: active = new                   done; what was written since the snapshot is swept away
 *
 * It waits for no QEMU, so one record that is replaced as a whole is all that it takes.
 */
import { EngineError } from '../../engine.ts'
import type { Log, Machines } from '../machines.ts'
import type { Store } from '../records/store.ts'
import { newLayerName } from './layers.ts'
import { found } from './source.ts'

/** In the machine's turn. Throws {@link EngineError} while it runs. */
export async function rollBack(
  { store, machines, log }: { store: Store; machines: Machines; log: Log },
  machine: string,
  snapshot: string,
): Promise<void> {
  const { record, live } = await machines.current(machine)
  const taken = store.snapshots.get(snapshot)
  const { layer } = found(
    taken?.machine === machine ? taken : undefined,
    `snapshot ${snapshot} of machine ${machine}`,
  )
  if (record.hibernation !== null)
    throw new EngineError(
      'The machine is hibernated and its memory fits to this disk only; restore it first',
    )
  if (live !== undefined)
    throw new EngineError('The machine runs; stop it before it is rolled back')

  const overlay = newLayerName()
  using _snapshot = store.layers.pin(layer)
  using _overlay = store.layers.pin(overlay)
  const { uid, gid, activeLayer } = record
  const sizeBytes = store.layers.virtualSizeBytes(activeLayer)
  await store.layers.createOverlay(overlay, layer, { uid, gid }, sizeBytes)
  log('debug', 'rollback: overlay created', { machine, snapshot })
  await store.machines.put(machine, { ...record, activeLayer: overlay })
  log('debug', 'rollback: recorded', { machine, snapshot })
  await store.sweep()
}
