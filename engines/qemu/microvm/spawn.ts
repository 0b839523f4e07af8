/** Makes a place for a microVM, and starts a QEMU in it that runs, or waits to be given a state. */
import { chown, mkdir, open, rm, writeFile } from 'node:fs/promises'
import type { EgressPolicy } from '../../engine.ts'
import type { Layers } from '../disks/layers.ts'
import type { Cgroup } from '../host/cgroups.ts'
import { accelerationGroups, launch, makeRunFolder, sealRunFolder } from '../process/launch.ts'
import { microvmArguments } from './arguments.ts'
import type { MicrovmKit } from './kit.ts'
import { type SlotLayout, TAP } from './layout.ts'
import { LiveMicrovm } from './live.ts'
import { makeNetwork } from './network.ts'
import type { MicrovmPaths } from './paths.ts'

/** Everything that a process of a microVM stands on. */
export type Slot = {
  /** Also in the name of its process. */
  readonly name: string
  readonly layout: SlotLayout
  readonly uid: number
  readonly gid: number
}

export type SpawnSpec = {
  readonly slot: Slot
  readonly processName: string
  /** `null`: the host has none. */
  readonly cgroup: Cgroup | null
  readonly accelerator: 'kvm' | 'tcg'
  readonly tscKhz: number
  readonly vcpus: number
  readonly memoryMib: number
  readonly layer: string
  readonly below: string | null
  /** Bytes of the disk; as large as what is below when left out. */
  readonly diskBytes?: number
  readonly ram: string
  /** `null`: it boots. */
  readonly state: string | null
  readonly egress: EgressPolicy
  /** Whatever the policy says, nothing leaves it until its network is opened. */
  readonly isShut?: boolean
}

export async function spawnMicrovm(
  paths: MicrovmPaths,
  layers: Layers,
  kit: MicrovmKit,
  spec: SpawnSpec,
): Promise<LiveMicrovm> {
  const { slot, layer, below } = spec
  const owner = { uid: slot.uid, gid: slot.gid }
  const disk = async () => {
    if (below !== null) await layers.createOverlay(layer, below, owner, spec.diskBytes)
    else await layers.give(layer, owner)
  }
  // All are over when one has failed, so that none makes anything behind whoever cleans up.
  const made = await Promise.allSettled([
    makeNetwork(slot.layout, slot.uid, spec.egress, spec.isShut),
    disk(),
    makeFolders(paths, slot),
  ])
  for (const each of made) if (each.status === 'rejected') throw each.reason
  const state = spec.state === null ? null : await open(spec.state, 'r')
  const ram = spec.ram
  try {
    const args = microvmArguments({
      ...{ name: spec.processName, accelerator: spec.accelerator, tscKhz: spec.tscKhz },
      ...{ vcpus: spec.vcpus, memoryMib: spec.memoryMib, memoryFile: ram, tap: TAP },
      disk: { node: layer, path: layers.path(layer) },
      ...{ kernel: kit.kernel, initrd: kit.initrd, append: kit.append },
      ...{ incoming: state !== null, sockets: paths.sockets(slot.name) },
    })
    const process = await launch({
      ...{ args, netns: slot.layout.netns, uid: slot.uid, gid: slot.gid },
      groups: await accelerationGroups(spec.accelerator),
      log: paths.log(slot.name),
      givesWay: true,
      env: { LD_PRELOAD: kit.preload, GARRISON_MEMORY: ram },
      ...(state === null ? {} : { inherited: state.fd }),
    })
    await spec.cgroup?.attach(process.pid)
    const live = await LiveMicrovm.attach(process, paths.sockets(slot.name))
    await sealRunFolder(paths.runFolder(slot.name))
    return live
  } finally {
    await state?.close()
  }
}

async function makeFolders(paths: MicrovmPaths, { name, uid, gid }: Slot): Promise<void> {
  await mkdir(paths.slot(name), { recursive: true, mode: 0o711 })
  await writeFile(paths.stateOut(name), '', { mode: 0o600 })
  await chown(paths.stateOut(name), uid, gid)
  await makeRunFolder(paths.runFolder(name), uid, gid)
}

export async function removeFolders(paths: MicrovmPaths, name: string): Promise<void> {
  await rm(paths.slot(name), { recursive: true, force: true })
  await rm(paths.runFolder(name), { recursive: true, force: true })
}
