/** Everything that a QEMU needs around it, made before it starts and removed when it is gone. */
import { chown, rm, writeFile } from 'node:fs/promises'
import type { MachineSpec } from '../engine.ts'
import { metaData } from './guest/identity.ts'
import { type Cgroup, ensureCgroup, removeCgroup } from './host/cgroups.ts'
import type { MachinesOptions } from './machines.ts'
import { incomingArguments, noteArguments } from './memory/arguments.ts'
import type { Paths } from './paths.ts'
import { qemuArguments } from './process/arguments.ts'
import { accelerationGroups, launch, makeRunFolder, sealRunFolder } from './process/launch.ts'
import type { Process } from './process/processes.ts'
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
