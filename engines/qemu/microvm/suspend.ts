/** Suspending: memory goes to files and the process ends; and the way back. */
import { NotRunningError } from '../../engine.ts'
import { syncPath } from '../records/durable-files.ts'
import { capture, emptyMemory, makeSafe } from './capture.ts'
import type { MicrovmHost } from './host.ts'
import type { LiveMicrovm } from './live.ts'
import { stateBeside } from './paths.ts'
import type { MicrovmRecord } from './records.ts'
import type { Slot } from './spawn.ts'
import { wakeUp } from './wake.ts'

/** Of one that goes on, and of one that boots under emulation on a busy host. */
const WAKE_MS = 30_000
const BOOT_MS = 120_000

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
    const { given } = await capture(live, files, still, { goesOn: false, forgets: true })
    host.tell('suspend: captured', id)
    try {
      await host.layers.freezeBelow(record.layer, record.gid)
      await makeSafe([files.ram, files.state, host.paths.memory])
      await host.machines.put(id, {
        ...record,
        ...{ ram: files.ram, slot: null, suspended: true, qemu, given: given.toString('base64') },
      })
    } catch (error) {
      await live.resume()
      throw error
    }
    host.tell('suspend: recorded', id)
    host.live.delete(id)
    await live.end()
    await host.freeSlot({ name: slot.name, layout: host.layoutOf(slot.number) })
    await host.sweep()
  } finally {
    host.pinned.delete(name)
  }
}

/** A suspended one runs again, from its memory unless another QEMU wrote that. */
export async function goOnAgain(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
): Promise<void> {
  const began = performance.now()
  const slot = host.newSlot('pool', record.tenant)
  let runs = false
  try {
    let live = await spawnAgain(host, slot, record, stateBeside(record.ram))
    const version = await live.version()
    const isSame = version === record.qemu
    let { ram } = record
    if (!isSame) {
      await live.kill()
      ram = host.paths.ram(`empty-${record.memoryMib}`)
      await emptyMemory(ram, record.memoryMib)
      live = await spawnAgain(host, slot, { ...record, ram }, null)
    }
    const { name, uid, gid, layout } = slot
    const place = { name, uid, gid, number: layout.number }
    const placed = { ...record, ram, slot: place, suspended: false, qemu: null, start: null }
    // Before it runs: memory that has been gone on with once must never be again, on a disk that moved on.
    await host.machines.put(id, placed)
    host.tell('resume: recorded', id)
    if (isSame) await live.goOn()
    runs = true
    host.tell('resume: runs', id)
    const hostMs = performance.now() - began
    host.follow(id, live)
    await wakeUp(live, null, '', isSame ? WAKE_MS : BOOT_MS)
    const timings = { pooled: false, hostMs, guestMs: performance.now() - began - hostMs }
    const start = isSame
      ? { how: 'memory' as const, ...timings }
      : {
          ...{ how: 'cold-boot' as const, ...timings },
          why: `Its memory was written by QEMU ${record.qemu}, and this host has QEMU ${version}.`,
        }
    live.line.giveBack(Buffer.from(record.given, 'base64'))
    await host.machines.put(id, { ...placed, start, given: '' })
    await host.sweep()
  } catch (error) {
    if (runs) throw error
    await host.endOf(slot)
    await host.machines.put(id, record)
    throw error
  }
}

/** A server died while it was at that. */
export async function goOnFinally(
  host: MicrovmHost,
  id: string,
  record: MicrovmRecord,
): Promise<void> {
  const began = performance.now()
  const live = host.live.get(id)
  if (live === undefined) throw new NotRunningError('Its process has ended')
  await live.renewLine()
  if ((await live.condition()) === 'waiting') await live.goOn()
  const hostMs = performance.now() - began
  await wakeUp(live, null, '', BOOT_MS)
  const guestMs = performance.now() - began - hostMs
  const start = { how: 'memory' as const, pooled: false, hostMs, guestMs }
  live.line.giveBack(Buffer.from(record.given, 'base64'))
  await host.machines.put(id, { ...record, start, given: '' })
  await host.sweep()
}

function spawnAgain(
  host: MicrovmHost,
  slot: Slot,
  record: MicrovmRecord,
  state: string | null,
): Promise<LiveMicrovm> {
  const { vcpus, memoryMib, layer, ram, egress } = record
  return host.spawn(slot, { vcpus, memoryMib, layer, below: null, ram, state, egress })
}
