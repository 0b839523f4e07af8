/** A PostgreSQL server seen from outside: is one running on a data folder, and how to end it. */
import { readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

export type Postmaster = {
  readonly pid: number
  /** Empty while it starts. */
  readonly socketDir: string
  /** As it says itself: `starting`, `ready`, `stopping`; empty in its first moments. */
  readonly status: string
}

/** A fast shutdown writes what is in memory, which takes a slow disk a while. */
const fastShutdownMs = 30_000
const immediateShutdownMs = 15_000

/** What `postmaster.pid` says, true or not. The lines are those of PostgreSQL's utils/pidfile.h. */
export function readPidFile(dataDir: string): Postmaster | null {
  let lines: string[]
  try {
    lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return null
  }
  // Negative when a single-user server holds the folder.
  const pid = Math.abs(Number(lines[0]))
  if (!Number.isInteger(pid) || pid === 0) return null
  return { pid, socketDir: lines[4]?.trim() ?? '', status: lines[7]?.trim() ?? '' }
}

/** The server that runs on the folder. A pid file may be stale, and its number somebody else's by now. */
export function findPostmaster(dataDir: string): Postmaster | null {
  const said = readPidFile(dataDir)
  return said !== null && isPostmasterOf(said.pid, dataDir) ? said : null
}

/** `dataDir` without symbolic links. */
export function isPostmasterOf(pid: number, dataDir: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === dataDir && commandLine(pid) !== null
  } catch (error) {
    // A container may keep root from looking at a process of another user. Its arguments, all may see.
    if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) return false
    const args = commandLine(pid)
    return args !== null && args[args.indexOf('-D') + 1] === dataDir
  }
}

/** Null unless it is a `postgres`, and the first of its kind: the others rewrite their arguments. */
function commandLine(pid: number): string[] | null {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return basename(args[0] ?? '') === 'postgres' ? args : null
  } catch {
    return null
  }
}

/** Ends a server: orderly, or after a while without ceremony, which it recovers from at its next start. */
export async function shutDown(pid: number, dataDir: string): Promise<void> {
  for (const [signal, ms] of [
    ['SIGINT', fastShutdownMs],
    ['SIGQUIT', immediateShutdownMs],
  ] as const) {
    try {
      if (isPostmasterOf(pid, dataDir)) process.kill(pid, signal)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
    if (await gone(pid, dataDir, ms)) return
  }
  throw new Error(
    `PostgreSQL (process ${pid}, ${dataDir}) does not stop. Its log is beside that folder; ` +
      `"kill -QUIT ${pid}" is safe to try again.`,
  )
}

async function gone(pid: number, dataDir: string, limitMs: number): Promise<boolean> {
  const limit = performance.now() + limitMs
  while (isPostmasterOf(pid, dataDir)) {
    if (performance.now() > limit) return false
    await pause(5)
  }
  return true
}
