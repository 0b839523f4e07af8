/** Everything that a QEMU needs around it, made before it starts and removed when it is gone; and how it is let run. */
import { chown, rm, writeFile } from 'node:fs/promises'
import type { MachineSpec } from '../engine.ts'
import { found } from './disks/source.ts'
import { metaData } from './guest/identity.ts'
import { type Cgroup, ensureCgroup, removeCgroup } from './host/cgroups.ts'
import type { LiveMachine } from './live-machine.ts'
import type { Machines, MachinesOptions } from './machines.ts'
import { incomingArguments, noteArguments } from './memory/arguments.ts'
import { forgetMemory } from './memory/hibernation.ts'
import type { Paths } from './paths.ts'
import { qemuArguments } from './process/arguments.ts'
import { accelerationGroups, launch, makeRunFolder, sealRunFolder } from './process/launch.ts'
import type { Process } from './process/processes.ts'
import { QmpError } from './process/qmp.ts'
import { pluggedVolumes } from './records/attachments.ts'
import type { MachineRecord, MemoryRecord } from './records/records.ts'

type Deps = Pick<MachinesOptions, 'mark' | 'paths' | 'store' | 'networks' | 'host'>

/** A QEMU that holds still; put it into its group before it runs. */
export type Launched = { readonly process: Process; readonly cgroup: Cgroup | null }

/** @param memory What the machine goes on with; `null` when it boots. */
export async function launchMachine(
  { mark, paths, store, networks, host }: Deps,
  record: MachineRecord,
  spec: MachineSpec,
  memory: MemoryRecord | null,
  signal: AbortSignal,
): Promise<Launched> {
  const { id, guest } = spec
  const { uid, gid, recipe, machineType, activeLayer, volumes } = record
  const [{ netns, tap }, boot, groups, cgroup] = await Promise.all([
    networks.ensureTap(id, uid),
    store.osDisks.bootFiles(recipe),
    accelerationGroups(host().accelerator),
    ensureCgroup(mark, id, spec),
    makeRunFolder(paths.runFolder(id), uid, gid),
  ])
  await networks.applyRules(id, spec.rules)
  // Made again here: whoever recorded a new layer may have been killed before it was given away.
  await store.layers.give(activeLayer, { uid, gid })
  const { userData } = guest
  await handOver(paths.metaData(id), metaData(guest), uid)
  // One that goes on has the arguments that it began with, whether or not its user-data is still known.
  if (userData !== null || memory !== null) await handOver(paths.userData(id), userData ?? '', uid)
  signal.throwIfAborted()

  const plan = {
    ...{ id, mark, tap, machineType, ...boot },
    ...{ vcpus: spec.vcpus, memoryMib: spec.memoryMib, mac: spec.address.mac },
    accelerator: host().accelerator,
    disk: { node: activeLayer, path: store.layers.path(activeLayer) },
    volumes: pluggedVolumes(
      store,
      id,
      (memory?.volumes ?? volumes).map((volume) => volume.id),
    ),
    userData: userData !== null,
  }
  const args =
    memory === null
      ? qemuArguments(plan, paths)
      : incomingArguments(memory, { layer: activeLayer, tap, volumes: plan.volumes })
  await noteArguments(paths, id, args)
  const process = await launch({ args, netns, uid, gid, groups, log: paths.processLog(id) })
  return { process, cgroup }
}

/** For a QEMU that listens and has read what was handed to it: takes away what it needs no more. */
export async function withdraw(paths: Paths, id: string): Promise<void> {
  await sealRunFolder(paths.runFolder(id))
  await rm(paths.metaData(id), { force: true })
  await rm(paths.userData(id), { force: true })
}

/**
 * A machine's processors run from here on, booted or continued. Its disk moves on with them, so what was kept
 * is void before.
 */
export async function letRun(
  { store, paths, log }: Pick<MachinesOptions, 'store' | 'paths' | 'log'>,
  machines: Machines,
  id: string,
  { live, wentOn }: { live: LiveMachine; wentOn: boolean },
): Promise<void> {
  const { hibernation, identity } = found(store.machines.get(id), `machine ${id}`)
  if (wentOn && identity !== null) await live.setLink(false)
  // One that boots is told as ever.
  if (!wentOn) await machines.change(id, { identity: null })
  await machines.change(id, { hibernation: null, clockBehind: wentOn })
  if (wentOn) log('debug', 'hibernation: memory void', { machine: id })
  try {
    await live.resume()
  } catch (error) {
    // Refused, so it has not moved on. Anything else may have come too late to tell.
    if (error instanceof QmpError) await machines.change(id, { hibernation, clockBehind: false })
    throw error
  }
  if (hibernation === null) return
  log('debug', 'hibernation: continued', { machine: id })
  await forgetMemory(paths, id)
}

/** Removes what only a process needs. Fine when there is nothing. */
export async function cleanUpAfter({ mark, paths }: Deps, id: string): Promise<void> {
  await rm(paths.runFolder(id), { recursive: true, force: true })
  await removeCgroup(mark, id)
}

/** A file that only this user may read. */
async function handOver(path: string, content: string, uid: number): Promise<void> {
  await writeFile(path, content, { mode: 0o400 })
  await chown(path, uid, 0)
}
