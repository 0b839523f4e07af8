/**
 * Freezing a disk: the active layer stays as it is, and an empty one takes its place. A running guest
 * does not notice, except for the moment in which its file systems are frozen, if its agent can do that.
 *
 * It can be cut short at any point:
 *
 *     1  record: pending = new       nothing has happened
 *     2  new.qcow2 over active       nothing has happened; new is empty
 *     3  QEMU: write to new          new holds what is written from now on
 *     4  a record points to active   what it was frozen for counts: a snapshot, a clone
 *     5  record: active = new        done
 *
 * 1 to 3 are {@link freezeActive}, 4 is the caller's, 5 is {@link settle}. After a crash that looks which
 * layer is on top. While QEMU runs, it knows. When it does not, a pending layer that is there wins: it is
 * either in use or empty, and in both cases what the guest last saw. What did not get to 4 never was.
 */
import type { LiveMachine } from '../live-machine.ts'
import type { Log } from '../machines.ts'
import type { Store } from '../records/store.ts'
import type { Disk } from './disk.ts'
import { newLayerName } from './layers.ts'

/**
 * @param about For the log.
 * @param exchange Has a running guest write to the overlay, which is a file so far, in a way of its own.
 *
 * Answers whether the guest had its file systems frozen at that moment.
 */
export async function freezeActive(
  { store, log }: { store: Store; log: Log },
  disk: Disk,
  live: LiveMachine | undefined,
  about: object,
  exchange?: (running: LiveMachine, overlay: string) => Promise<void>,
): Promise<boolean> {
  const { activeLayer, gid, uid } = disk
  const overlay = newLayerName()
  await disk.write({ activeLayer, pendingLayer: overlay })
  log('debug', 'snapshot: overlay announced', about)
  await store.layers.createOverlay(overlay, activeLayer, { uid, gid })
  log('debug', 'snapshot: overlay created', about)
  const running = await whereItRuns(disk, live)
  let frozen = false
  if (running !== undefined && exchange !== undefined) await exchange(running, overlay)
  else if (running !== undefined) {
    frozen = await switchLive(running, activeLayer, overlay, store, () =>
      log('debug', 'snapshot: QEMU switched', about),
    )
  }
  await store.layers.freeze(activeLayer, gid)
  return frozen
}

/** Brings a disk whose freezing was cut short, or is to be finished, back to one active layer. */
export async function settle(
  store: Store,
  disk: Disk,
  live: LiveMachine | undefined,
): Promise<void> {
  const { pendingLayer, activeLayer, gid, device } = disk
  if (pendingLayer === null) return
  const running = await whereItRuns(disk, live)
  const isOnTop =
    running === undefined || device === null
      ? store.layers.has(pendingLayer)
      : (await running.activeNode(device)) === pendingLayer
  if (isOnTop) await store.layers.freeze(activeLayer, gid)
  else await live?.removeNode(pendingLayer)
  await disk.write({ activeLayer: isOnTop ? pendingLayer : activeLayer, pendingLayer: null })
  if (!isOnTop) await store.sweep()
}

/** A volume that its guest has let go of belongs to the machine and is not in its QEMU. */
async function whereItRuns(
  { device }: Disk,
  live: LiveMachine | undefined,
): Promise<LiveMachine | undefined> {
  if (live === undefined || device === null) return undefined
  return (await live.devices()).has(device) ? live : undefined
}

async function switchLive(
  live: LiveMachine,
  below: string,
  overlay: string,
  store: Store,
  onSwitched: () => void,
): Promise<boolean> {
  await live.addNode(overlay, store.layers.path(overlay))
  try {
    const frozen = await live.guest.freeze()
    await live.switchNode(below, overlay)
    onSwitched()
    return frozen
  } finally {
    await live.guest.thaw()
  }
}
