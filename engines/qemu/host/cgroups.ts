/**
 * A control group for each machine's QEMU: its share of the processors, a ceiling for its memory, and a
 * life of its own. A process that stays in the group of the service that started it is killed when
 * systemd stops that service; machines are to outlive the server.
 *
 * Version 2 where it has the controllers, else version 1, as on hosts that mount it still; neither, as
 * in many containers: none, and machines run without.
 */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { EngineError } from '../../engine.ts'
import { Locks } from '../../locks.ts'
import { isMissing } from '../records/durable-files.ts'

const CONTROLLERS = ['cpu', 'memory', 'pids'] as const
type Controller = (typeof CONTROLLERS)[number]

/** How long the kernel may take to let go of a process that has ended. */
const EMPTY_MS = 2_000
const POLL_MS = 20

export type Cgroup = {
  /** Moves a process, with all its threads, into the group. */
  attach(pid: number): Promise<void>
}

/** Where the host mounts which controllers. Version 2 has one folder for all. */
export type Hierarchy =
  | { readonly version: 2; readonly root: string }
  | { readonly version: 1; readonly roots: Readonly<Record<Controller, string>> }

/** The last machine takes the installation's group along, which must not happen while another comes. */
const locks = new Locks()

type Limits = { readonly vcpus: number; readonly memoryMib: number }

/** `null`: this host has no control groups that can be used. Called again, it sets the limits anew. */
export async function ensureCgroup(
  mark: string,
  machine: string,
  limits: Limits,
): Promise<Cgroup | null> {
  const hierarchy = await findHierarchy()
  if (hierarchy === null) return null
  const folders = foldersOf(hierarchy, mark, machine)
  try {
    await locks.run(mark, () => makeGroups(hierarchy, mark, folders))
    for (const [folder, file, value] of settings(hierarchy, mark, machine, limits))
      await writeFile(join(folder, file), value)
  } catch (error) {
    // A tree that may be looked at only, or a part of one that has to stay as it is: a container.
    if (isOneOf(error, ['EROFS', 'EACCES', 'EPERM', 'EBUSY', 'EOPNOTSUPP'])) return null
    throw new EngineError(`The control group of machine ${machine} cannot be made`, {
      cause: error,
    })
  }
  return {
    async attach(pid) {
      for (const folder of folders) await writeFile(join(folder, 'cgroup.procs'), String(pid))
    },
  }
}

/** Throws a retryable {@link EngineError} while a process is in it. */
export async function removeCgroup(mark: string, machine: string): Promise<void> {
  const hierarchy = await findHierarchy()
  if (hierarchy === null) return
  for (const folder of foldersOf(hierarchy, mark, machine)) {
    await removeWhenEmpty(folder)
    await locks.run(mark, () => rmdir(join(folder, '..')).catch(() => {}))
  }
}

/**
 * What QEMU needs beside its guest's memory, in MiB; more than enough, since the price of too little is
 * that the kernel kills a machine that did nothing wrong:
 * the buffer for translated code, which emulation fills up to 1 GiB or an eighth of the host; 512 for
 * its heap, stacks of its threads and the metadata caches of each layer of a disk; a thirty-second of the
 * guest for page tables and maps of dirty pages. What it reads and writes is cached here too, but
 * given back under pressure.
 */
export function overheadMib(memoryMib: number, hostMib: number): number {
  return Math.min(1_024, Math.ceil(hostMib / 8)) + 512 + Math.ceil(memoryMib / 32)
}

async function findHierarchy(): Promise<Hierarchy | null> {
  const mounts = (await readIfAny('/proc/self/mounts')) ?? ''
  const unified = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1]
  const available =
    unified === undefined ? '' : ((await readIfAny(join(unified, 'cgroup.controllers'))) ?? '')
  return hierarchyOf(mounts, available)
}

/** @param mounts As in `/proc/self/mounts`; `available`: controllers of version 2, separated by spaces. */
export function hierarchyOf(mounts: string, available: string): Hierarchy | null {
  const lines = mounts.split('\n').map((line) => line.split(' '))
  const unified = lines.find(([, , type]) => type === 'cgroup2')?.[1]
  const controllers = available.trim().split(/\s+/)
  if (unified !== undefined && CONTROLLERS.every((name) => controllers.includes(name)))
    return { version: 2, root: unified }

  const rootOf = (controller: string) =>
    lines.find(
      ([, , type, options]) => type === 'cgroup' && options?.split(',').includes(controller),
    )?.[1]
  const [cpu, memory, pids] = CONTROLLERS.map(rootOf)
  if (cpu === undefined || memory === undefined || pids === undefined) return null
  return { version: 1, roots: { cpu, memory, pids } }
}

function foldersOf(hierarchy: Hierarchy, mark: string, machine: string): string[] {
  const roots = hierarchy.version === 2 ? [hierarchy.root] : Object.values(hierarchy.roots)
  return [...new Set(roots)].map((root) => join(root, groupOf(mark), machine))
}

function groupOf(mark: string): string {
  return `garrison-${mark}`
}

async function makeGroups(
  hierarchy: Hierarchy,
  mark: string,
  folders: readonly string[],
): Promise<void> {
  for (const folder of folders) await mkdir(folder, { recursive: true })
  if (hierarchy.version === 1) return
  // In version 2 controllers are switched on from above, level by level.
  const enable = CONTROLLERS.map((name) => `+${name}`).join(' ')
  for (const folder of [hierarchy.root, join(hierarchy.root, groupOf(mark))])
    await writeFile(join(folder, 'cgroup.subtree_control'), enable)
}

/**
 * Processors are shared by weight, and capped at one more than the machine has: its virtual CPUs cannot
 * use more than their number, what QEMU does for its disks and network comes on top.
 */
function settings(
  hierarchy: Hierarchy,
  mark: string,
  machine: string,
  { vcpus, memoryMib }: Limits,
): [folder: string, file: string, value: string][] {
  const period = 100_000
  const quota = String((vcpus + 1) * period)
  const mib = memoryMib + overheadMib(memoryMib, totalmem() / 2 ** 20)
  const memory = String(mib * 2 ** 20)
  const threads = String(1_024 + vcpus)
  if (hierarchy.version === 2) {
    const folder = join(hierarchy.root, groupOf(mark), machine)
    return [
      [folder, 'cpu.max', `${quota} ${period}`],
      [folder, 'cpu.weight', String(Math.min(10_000, 100 * vcpus))],
      [folder, 'memory.max', memory],
      [folder, 'pids.max', threads],
    ]
  }
  const folder = (controller: Controller) =>
    join(hierarchy.roots[controller], groupOf(mark), machine)
  return [
    [folder('cpu'), 'cpu.cfs_period_us', String(period)],
    [folder('cpu'), 'cpu.cfs_quota_us', quota],
    [folder('cpu'), 'cpu.shares', String(Math.min(262_144, 1_024 * vcpus))],
    [folder('memory'), 'memory.limit_in_bytes', memory],
    [folder('pids'), 'pids.max', threads],
  ]
}

async function removeWhenEmpty(folder: string): Promise<void> {
  for (let waited = 0; ; waited += POLL_MS) {
    try {
      await rmdir(folder)
      return
    } catch (error) {
      if (isMissing(error)) return
      if (!isOneOf(error, ['EBUSY', 'ENOTEMPTY']) || waited >= EMPTY_MS)
        throw new EngineError(
          `The control group ${folder} cannot be removed: something runs in it`,
          {
            retryable: true,
            cause: error,
          },
        )
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function readIfAny(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null)
}

function isOneOf(error: unknown, codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
