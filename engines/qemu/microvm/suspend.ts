/** Suspending: memory goes to files and the process ends; and the way back. */
import { NotRunningError } from '../../engine.ts'
import { syncPath } from '../records/durable-files.ts'
import { capture, emptyMemory, makeSafe } from './capture.ts'
import { giveBack, givenAtBoot, keeperOf } from './given.ts'
import type { MicrovmHost } from './host.ts'
import type { LiveMicrovm } from './live.ts'
import { stateBeside } from './paths.ts'
import type { MicrovmRecord } from './records.ts'
import { requireMemory } from './room.ts'
import type { Slot } from './spawn.ts'
import { isItsDoing, wakeUp } from './wake.ts'

/** Of one that goes on, and of one that boots under emulation on a busy host. */
const WAKE_MS = 30_000
const BOOT_MS = 120_000

const WHY_COLD = 'Its memory was written by another QEMU.'
const WHY_WITHOUT = 'The environment that it was given at start was in that memory alone.'

/** In the machine's turn. Whatever it throws, a machine that ran goes on. */
export async function keepMemory(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
): Promise<void> {
  const live = host.live.get(id)
  const { slot } = record
  if (live === undefined || slot === null) throw new NotRunningError('Its process has ended')
  const name = host.newMemory()
  try {
    const files = await host.captureFiles(slot, record.ram, name, record.gid)
    const qemu = await live.version()
    const still = () => syncPath(host.layers.path(record.layer))
    const how = { goesOn: false, keep: keeperOf(host, id) }
    const { holdsEnv } = await capture(live, files, still, how)
    host.tell('suspend: captured', id)
    if (holdsEnv)
      host.options.log(
        'warn',
        'a microVM was suspended with its environment: its agent is silent',
        {
          microvm: id,
        },
      )
    const { given } = host.machines.get(id) ?? record
    const suspended = { ...record, ram: files.ram, suspended: true, holdsEnv, qemu, given }
    try {
      await host.layers.freezeBelow(record.layer, record.gid)
      await makeSafe([files.ram, files.state, host.paths.memory])
      await host.machines.put(id, suspended)
    } catch (error) {
      await live.resume()
      throw error
    }
    host.tell('suspend: recorded', id)
    host.live.delete(id)
    await live.end()
    await leavePlace(host, id, suspended)
    await host.sweep()
  } catch (error) {
    if (host.live.get(id) === live) await giveBack(host, id, live)
    throw error
  } finally {
    host.pinned.delete(name)
  }
}

/** Nothing of a suspended machine's process is left, nor does its disk belong to a user that others may be given. */
export async function leavePlace(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
): Promise<MicrovmRecord> {
  const { slot, layer, gid } = record
  if (slot === null) return record
  await host.endOf({ name: slot.name, layout: host.layoutOf(slot.number) })
  await host.layers.give(layer, { uid: 0, gid })
  const left = { ...record, slot: null }
  await host.machines.put(id, left)
  return left
}

/** A suspended one runs again, from its memory unless another QEMU wrote that. Throws {@link CapacityError}. */
export async function goOnAgain(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
): Promise<void> {
  const began = performance.now()
  host.starting += record.memoryMib
  try {
    await requireMemory(host.starting)
    const live = await runAgain(host, id, await leavePlace(host, id, record))
    await wakeAgain(host, id, live, began)
  } finally {
    host.starting -= record.memoryMib
  }
}

/** A server died while it was at that, or the guest did not answer. May be repeated. */
export async function goOnFinally(host: MicrovmHost, id: string): Promise<void> {
  const began = performance.now()
  const live = host.live.get(id)
  if (live === undefined) throw new NotRunningError('Its process has ended')
  await live.renewLine()
  if ((await live.condition()) === 'waiting') await live.goOn()
  await wakeAgain(host, id, live, began)
}

async function wakeAgain(
  host: MicrovmHost,
  id: string,
  live: LiveMicrovm,
  began: number,
): Promise<void> {
  const placed = host.machines.get(id)
  if (placed === undefined) throw new NotRunningError('It was removed meanwhile')
  const hostMs = performance.now() - began
  const isCold = placed.ram === host.paths.ram(`empty-${placed.memoryMib}`)
  await wakeUp(live, null, '', isCold ? BOOT_MS : WAKE_MS).catch((error: unknown) => {
    // With its memory it is as it was, and runs: whatever its agent did then, it still does.
    if (isCold || !isItsDoing(error)) throw error
  })
  const timings = { pooled: false, hostMs }
  const why = placed.holdsEnv ? `${WHY_COLD} ${WHY_WITHOUT}` : WHY_COLD
  const start = isCold
    ? { how: 'cold-boot' as const, why, ...timings }
    : { how: 'memory' as const, ...timings }
  await giveBack(host, id, live)
  await host.machines.put(id, { ...(host.machines.get(id) ?? placed), holdsEnv: false, start })
  await host.sweep()
}

/** Its processors run when this answers. What throws before they do leaves it suspended as it was. */
async function runAgain(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
): Promise<LiveMicrovm> {
  const slot = host.newSlot('pool', record.tenant)
  let suspended = record
  let live: LiveMicrovm | null = null
  try {
    if (suspended.qemu !== null) live = await spawnAgain(host, slot, suspended)
    if (live === null || (await live.version()) !== suspended.qemu) {
      await live?.kill()
      await requireMemory(host.starting - record.memoryMib, record.memoryMib)
      const ram = host.paths.ram(`empty-${record.memoryMib}`)
      await emptyMemory(ram, record.memoryMib)
      const isLost = suspended.holdsEnv && (suspended.qemu === null || suspended.given === '')
      const given = givenAtBoot(suspended)
      // Before it boots, which changes its disk.
      suspended = { ...suspended, ram, qemu: null, holdsEnv: isLost, given }
      await host.machines.put(id, suspended)
      live = await spawnAgain(host, slot, suspended)
    }
    const { name, uid, gid, layout } = slot
    const place = { name, uid, gid, number: layout.number }
    // Before it runs: memory that has been gone on with once must never be again, on a disk that moved on.
    const placed = { ...suspended, slot: place, suspended: false, qemu: null, start: null }
    await host.machines.put(id, placed)
    host.tell('resume: recorded', id)
    host.follow(id, live)
    if (suspended.qemu !== null) await live.goOn()
    host.tell('resume: runs', id)
    return live
  } catch (error) {
    host.live.delete(id)
    // With no memory there is none to be gone on with twice.
    const hasRun = (await live?.killAsking()) === true && suspended.qemu !== null
    if (hasRun) throw error
    await host.endOf(slot)
    await host.layers.give(record.layer, { uid: 0, gid: record.gid })
    await host.machines.put(id, suspended)
    throw error
  }
}

/** Waits for its state, or boots when it has none. */
function spawnAgain(host: MicrovmHost, slot: Slot, record: MicrovmRecord): Promise<LiveMicrovm> {
  const { vcpus, memoryMib, layer, ram, egress, qemu } = record
  const state = qemu === null ? null : stateBeside(ram)
  return host.spawn(slot, { vcpus, memoryMib, layer, below: null, ram, state, egress })
}
