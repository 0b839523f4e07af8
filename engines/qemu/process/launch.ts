/** Starts a QEMU that outlives us, in its tenant's network, as a user of its own, without privileges. */
import { spawn } from 'node:child_process'
import { chown, mkdir, open, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { dirname } from 'node:path'
import { EngineError } from '../../engine.ts'
import { readIfThere } from '../records/durable-files.ts'
import { QEMU } from './arguments.ts'
import { lookAt, type Process } from './processes.ts'

const MAX_LOG_BYTES = 256 * 1024

export type Launch = {
  readonly args: readonly string[]
  readonly netns: string
  readonly uid: number
  readonly gid: number
  /** Groups beside `gid`, for the device nodes that it needs. */
  readonly groups: readonly number[]
  /** Gets what QEMU prints; begins empty. */
  readonly log: string
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** A descriptor that it finds as its 3. */
  readonly inherited?: number
  /** It gets less of the processors than others while they want them, and is ended first when memory runs out. */
  readonly givesWay?: boolean
}

const GIVING_WAY = { nice: 5, oomScore: 800 }

export async function launch(spec: Launch): Promise<Process> {
  const { args, netns, uid, gid, groups, log, env = {}, inherited } = spec
  await rm(log, { force: true })
  // Appending, so that what comes after a cut begins at the front again.
  const output = await open(log, 'a', 0o600)
  try {
    const child = spawn(
      'ip',
      [
        ...['netns', 'exec', netns],
        ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`],
        groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`,
        ...['--no-new-privs', '--inh-caps=-all', '--bounding-set=-all', '--'],
        ...[QEMU, ...args],
      ],
      {
        cwd: '/',
        env: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          LC_ALL: 'C',
          ...env,
        },
        detached: true,
        stdio: ['ignore', output.fd, output.fd, ...(inherited === undefined ? [] : [inherited])],
      },
    )
    child.unref()
    const started = Promise.withResolvers<void>()
    child.on('spawn', () => started.resolve())
    child.on('error', (error) => started.reject(error))
    await started.promise
    if (spec.givesWay && child.pid !== undefined) await giveWay(child.pid)
    const process = child.pid === undefined ? null : await lookAt(child.pid)
    if (process === null) throw new Error(`it ended at once: ${await lastWords(log)}`)
    return process
  } catch (cause) {
    throw new EngineError(`QEMU could not be started: ${messageOf(cause)}`, { cause })
  } finally {
    await output.close()
  }
}

/** What it becomes and starts inherits both. */
async function giveWay(pid: number): Promise<void> {
  setPriority(pid, GIVING_WAY.nice)
  await writeFile(`/proc/${pid}/oom_score_adj`, String(GIVING_WAY.oomScore))
}

/** An empty folder in which only this user may make sockets. */
export async function makeRunFolder(path: string, uid: number, gid: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o711 })
  await rm(path, { recursive: true, force: true })
  await mkdir(path, { mode: 0o700 })
  await chown(path, uid, gid)
}

/**
 * Once QEMU listens, nobody but root has any business there. A QEMU that a guest has taken over could
 * otherwise put links to other machines' sockets in place of its own and have us talk to those.
 */
export async function sealRunFolder(path: string): Promise<void> {
  await chown(path, 0, 0)
}

/** The last line that QEMU printed. */
export async function lastWords(log: string): Promise<string> {
  const lines = ((await readIfThere(log)) ?? '').trim().split('\n')
  return lines.at(-1) || 'it printed nothing'
}

/** QEMU names the argument that it could not use, with paths of this host; tenants read the rest. */
export const withoutArguments = (words: string) =>
  words.replace(/^\S*qemu-system\S*: (-\S+ .*: )?/, '')

/** A guest can make QEMU complain; its log is cut when it gets long. */
export async function cutLog(log: string): Promise<void> {
  if ((await stat(log)).size > MAX_LOG_BYTES) await truncate(log)
}

/** Groups that may open `/dev/kvm`, where not everybody may. */
export async function accelerationGroups(accelerator: 'kvm' | 'tcg'): Promise<number[]> {
  if (accelerator === 'tcg') return []
  const { gid, mode } = await stat('/dev/kvm')
  return gid !== 0 && (mode & 0o060) === 0o060 ? [gid] : []
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
