/** Debian's package manager, run without questions. What it says goes to a log. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../failure.ts'
import type { Terminal } from '../terminal.ts'
import { fullPath, type HostPackage, installLine } from './packages.ts'

const listsFolder = '/var/lib/apt/lists'
const log = '/var/log/garrison-apt.log'
const freshMs = 24 * 3_600_000
/** Debian updates itself in the background after boot; wait for that to end. */
const waitForOthers = ['-o', 'DPkg::Lock::Timeout=300']

/** Needs root. */
export async function installWithApt(
  packages: readonly HostPackage[],
  terminal: Terminal,
): Promise<void> {
  if (!existsSync('/usr/bin/apt-get')) {
    throw new Failure('This host has no apt-get; Garrison knows Debian 12 and Ubuntu only', {
      advice: [`Install what these packages hold: ${packages.map(({ name }) => name).join(', ')}`],
    })
  }
  if (!hasFreshLists(listsFolder, Date.now())) {
    using _ = terminal.progress('Updating the package lists')
    // An unreachable third-party source need not matter; if it does, the installation says so.
    await aptGet(['update', ...waitForOthers])
  }
  const names = packages.map(({ name }) => name)
  using _ = terminal.progress(`Installing ${names.join(', ')}`)
  const args = ['install', '--yes', '--no-install-recommends', ...waitForOthers, ...names]
  if ((await aptGet(args)) !== 0) {
    const end = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10)
    throw new Failure('apt-get could not install the packages. It said last:', {
      advice: [...end, '', `All of it: ${log}`, `By hand:   ${installLine(packages)}`],
    })
  }
}

/** Whether lists have been fetched at all, and within a day. */
export function hasFreshLists(folder: string, now: number): boolean {
  try {
    if (!readdirSync(folder).some((name) => name.includes('_Packages'))) return false
    // Each update leaves its mark on the folder of half-fetched lists, even when nothing was new.
    const touched = [folder, join(folder, 'partial')].map((each) => statSync(each).mtimeMs)
    return now - Math.max(...touched) < freshMs
  } catch {
    return false
  }
}

function aptGet(args: readonly string[]): Promise<number | null> {
  const output = openSync(log, 'a')
  const env = { ...process.env, PATH: fullPath(), DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
  const child = spawn('apt-get', args, { env, stdio: ['ignore', output, output] })
  closeSync(output)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
}
