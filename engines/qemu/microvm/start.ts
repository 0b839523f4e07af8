/** Starting a machine: out of the pool when it can be, from memory when it can be, and from its disk otherwise. */
import {
  EngineError,
  type MicrovmIdentity,
  type MicrovmSpec,
  type MicrovmStart,
  type MicrovmState,
} from '../../engine.ts'
import { requireFreeSpace } from '../disks/free-space.ts'
import { newLayerName } from '../disks/layers.ts'
import { isAlive } from '../process/processes.ts'
import { abortable } from '../waiting.ts'
import { emptyMemory } from './capture.ts'
import type { MicrovmHost } from './host.ts'
import { applyPolicy } from './network.ts'
import type { MicrovmSnapshotRecord } from './records.ts'
import { requireMemory } from './room.ts'
import { makeWaiting, type Waiting } from './standby.ts'
import { newMachineId, wakeUp } from './wake.ts'

export type Started = MicrovmState & { start: MicrovmStart }

type Snapshot = MicrovmSnapshotRecord & { readonly id: string }

/** Of a copy, and of one that boots under emulation on a busy host. */
const WAKE_MS = 20_000
const BOOT_MS = 120_000

/** In the machine's turn. Whatever it throws, nothing of it is left. */
export async function startMicrovm(
  host: MicrovmHost,
  spec: MicrovmSpec,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<MicrovmStart> {
  const began = performance.now()
  const why = whyCold(host, spec, snapshot)
  await requireFreeSpace(host.paths.data)
  host.starting += spec.memoryMib
  try {
    const start =
      why === null
        ? await fromMemory(host, spec, snapshot, began, signal)
        : await fromDisk(host, spec, snapshot, { began, why }, signal)
    const record = host.machines.get(spec.id)
    if (record === undefined) throw new EngineError('It was removed while it started')
    await host.machines.put(spec.id, { ...record, start }, { durable: false })
    return start
  } catch (error) {
    await host.remove(spec.id)
    throw error
  } finally {
    host.starting -= spec.memoryMib
  }
}

function whyCold(host: MicrovmHost, { vcpus, memoryMib }: MicrovmSpec, snapshot: Snapshot) {
  if (vcpus !== snapshot.vcpus || memoryMib !== snapshot.memoryMib)
    return `Its memory is of a machine with ${snapshot.vcpus} processors and ${snapshot.memoryMib} MiB.`
  return host.whyNotMemory(snapshot, null)
}

async function fromMemory(
  host: MicrovmHost,
  spec: MicrovmSpec,
  snapshot: Snapshot,
  began: number,
  signal: AbortSignal,
): Promise<MicrovmStart> {
  let taken = host.pool.take(snapshot.id, spec.egress)
  if (taken !== null && !(await isAlive(taken.item.live.process))) {
    await host.endWaiting(taken.item)
    taken = null
  }
  // One that waits has its memory.
  if (taken === null) await requireMemory(host.starting)
  const waiting = taken?.item ?? (await makeWaiting(host, snapshot.id, spec.egress))
  const version = await orEnd(host, waiting, () => waiting.live.version())
  const why = host.whyNotMemory(snapshot, version)
  if (why !== null) {
    await host.endWaiting(waiting)
    await host.pool.drain(snapshot.id)
    return fromDisk(host, spec, snapshot, { began, why }, signal)
  }
  await orEnd(host, waiting, async () => {
    if (taken?.hasPolicy === false) await applyPolicy(waiting.slot.layout, spec.egress)
    // From here on it is found again after a crash; it runs at the earliest when this is written.
    await place(host, spec, snapshot.env, waiting)
  })
  host.tell('start: placed', spec.id)
  if (waiting.machineId === null) await waiting.live.goOn()
  else await waiting.live.resume()
  const hostMs = performance.now() - began
  const identity = withEnv(spec.identity, snapshot.env)
  const machineId = waiting.machineId ?? newMachineId()
  await abortable(wakeUp(waiting.live, identity, machineId, WAKE_MS), signal)
  host.tell('start: awake', spec.id)
  return { how: 'memory', pooled: taken !== null, hostMs }
}

async function fromDisk(
  host: MicrovmHost,
  spec: MicrovmSpec,
  snapshot: Snapshot,
  { began, why }: { began: number; why: string },
  signal: AbortSignal,
): Promise<MicrovmStart> {
  const { vcpus, memoryMib, egress } = spec
  await requireMemory(host.starting - memoryMib, memoryMib)
  const ram = host.paths.ram(`empty-${memoryMib}`)
  await emptyMemory(ram, memoryMib)
  const slot = host.newSlot('pool', spec.tenant)
  const layer = newLayerName()
  using _below = host.layers.pin(snapshot.layer)
  using _pin = host.layers.pin(layer)
  const plan = { vcpus, memoryMib, layer, below: snapshot.layer, ram, state: null, egress }
  const live = await host.spawn(slot, plan).catch(async (error: unknown) => {
    await host.endOf(slot)
    throw error
  })
  const booting = { slot, live, layer, ram, machineId: null }
  await orEnd(host, booting, () => place(host, spec, snapshot.env, booting))
  const hostMs = performance.now() - began
  const identity = withEnv(spec.identity, snapshot.env)
  await abortable(wakeUp(live, identity, newMachineId(), BOOT_MS), signal)
  return { how: 'cold-boot', why, pooled: false, hostMs }
}

/** Before a record has it, nobody else would end it. */
async function orEnd<T>(host: MicrovmHost, waiting: Waiting, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await host.endWaiting(waiting)
    throw error
  }
}

async function place(
  host: MicrovmHost,
  spec: MicrovmSpec,
  env: Readonly<Record<string, string>>,
  { slot, live, layer, ram }: Omit<Waiting, 'machineId'>,
) {
  const { id, tenant, vcpus, memoryMib, egress } = spec
  const { name, uid, gid, layout } = slot
  const record = {
    ...{ tenant, vcpus, memoryMib, egress, layer, ram, suspended: false, given: '', start: null },
    slot: { name, uid, gid, number: layout.number },
    ...{ gid: host.identities.gidOf(tenant), env: { ...env }, qemu: null },
    hasOwnEnv: Object.keys(spec.identity.env).length > 0,
    holdsEnv: false,
  }
  // No process outlives a power failure, so this need not either.
  await host.machines.put(id, record, { durable: false })
  host.unpin(layer)
  host.follow(id, live)
}

const withEnv = (identity: MicrovmIdentity, env: Readonly<Record<string, string>>) => ({
  ...identity,
  env: { ...env, ...identity.env },
})
