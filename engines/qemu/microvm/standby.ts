/**
 * A machine of a snapshot that waits for somebody to start it: a QEMU with everything made, which has rehearsed.
 *
 * Whoever goes on from memory meets each piece of its code for the first time: an emulated processor translates it,
 * a real one faults in its pages. So a machine that waits has done it once: it went on, became somebody with a machine id
 * and random numbers of its own, its interpreters ran nothing, and then it was stopped. Nothing that it sends
 * meanwhile gets anywhere, since nobody has asked for it yet. Whoever starts it later finds it warm.
 */
import { type EgressPolicy, EngineError, GuestError, type Language } from '../../engine.ts'
import { newLayerName } from '../disks/layers.ts'
import type { MicrovmGuest } from './agent/guest.ts'
import type { MicrovmHost } from './host.ts'
import type { LiveMicrovm } from './live.ts'
import { openNetwork } from './network.ts'
import type { MicrovmSnapshotRecord } from './records.ts'
import { requireMemory } from './room.ts'
import type { Slot } from './spawn.ts'
import { newMachineId, wakeUp } from './wake.ts'

/** A QEMU that has everything but the word to go on. */
export type Waiting = {
  readonly slot: Slot
  readonly live: LiveMicrovm
  readonly layer: string
  readonly ram: string
  /** Of one that has rehearsed and is stopped; `null`: it has not read its state yet. */
  readonly machineId: string | null
}

/** For each step; a host that is busy may take as long for a good one. */
const REHEARSAL_MS = 5_000
/** As much as the first thing that somebody runs, past whatever they have made of names and of standard output. */
const NOTHING: Record<Language, string> = {
  python: '__builtins__.print(file=__import__("sys").__stdout__)',
  bash: 'command echo > /dev/null',
}

/** For so long, machines of a snapshot wait without rehearsal after one did not get through it. */
const UNREHEARSED_MS = 10 * 60_000

/** For the pool. */
export async function makeRehearsed(
  host: MicrovmHost,
  snapshot: string,
  egress: EgressPolicy,
): Promise<Waiting> {
  const record = recordOf(host, snapshot)
  await requireMemory(host.starting + record.memoryMib)
  const failedAt = host.unrehearsed.get(snapshot) ?? Number.NEGATIVE_INFINITY
  if (performance.now() - failedAt < UNREHEARSED_MS) return makeWaiting(host, snapshot, egress)
  const waiting = await makeWaiting(host, snapshot, egress, true)
  try {
    const machineId = await rehearse(waiting.live, record.env)
    await openNetwork(waiting.slot.layout)
    return { ...waiting, machineId }
  } catch (error) {
    await host.endWaiting(waiting)
    host.unrehearsed.set(snapshot, performance.now())
    host.options.log('info', 'machines of a snapshot wait without rehearsal', { snapshot, error })
    return makeWaiting(host, snapshot, egress)
  }
}

/** @param isShut Nothing that it sends gets anywhere until {@link openNetwork}. */
export async function makeWaiting(
  host: MicrovmHost,
  snapshot: string,
  egress: EgressPolicy,
  isShut = false,
): Promise<Waiting> {
  const record = recordOf(host, snapshot)
  const slot = host.newSlot('pool', record.isPublic ? null : record.tenant)
  const layer = newLayerName()
  const ram = host.paths.ram(record.memory.name)
  using _ = host.layers.pin(record.layer)
  const pin = host.layers.pin(layer)
  try {
    const state = host.paths.state(record.memory.name)
    const { vcpus, memoryMib } = record
    const plan = { vcpus, memoryMib, layer, below: record.layer, ram, state, egress, isShut }
    const live = await host.spawn(slot, plan)
    host.keepPinned(layer, pin)
    return { slot, live, layer, ram, machineId: null }
  } catch (error) {
    pin[Symbol.dispose]()
    await host.endOf(slot)
    throw error
  }
}

function recordOf(host: MicrovmHost, snapshot: string): MicrovmSnapshotRecord {
  const record = host.snapshots.get(snapshot)
  if (record === undefined) throw new EngineError(`There is no snapshot ${snapshot}`)
  return record
}

/** Answers the machine id that it has got. */
async function rehearse(live: LiveMicrovm, env: Record<string, string>): Promise<string> {
  const machineId = newMachineId()
  await live.goOn()
  await wakeUp(live, { hostname: 'microvm', env }, machineId, REHEARSAL_MS)
  const guest = await live.guest()
  for (const [language, code] of Object.entries(NOTHING))
    await runNothing(guest, language as Language, code)
  await guest.line.ping(REHEARSAL_MS)
  await live.pause()
  return machineId
}

/** Throws when it did not go well: what is kept in an interpreter may be lost then, and is somebody's. */
async function runNothing(guest: MicrovmGuest, language: Language, code: string): Promise<void> {
  try {
    const { exitCode } = await guest.execute({ language, code, timeoutMs: REHEARSAL_MS })
    if (exitCode !== 0) throw new EngineError(`Its ${language} ends nothing with ${exitCode}`)
  } catch (error) {
    if (!(error instanceof GuestError) || error.reason !== 'no-language') throw error
  }
}
