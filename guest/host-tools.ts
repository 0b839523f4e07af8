/** Programs of the host that a build needs. None of them is run with more rights than the caller has. */
import { type ExecFileException, execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The Debian package of each. */
const TOOLS = {
  'apt-get': 'apt',
  'apt-cache': 'apt',
  'dpkg-deb': 'dpkg',
  'mkfs.ext4': 'e2fsprogs',
  debugfs: 'e2fsprogs',
  'qemu-img': 'qemu-utils',
} as const

/** Users other than root often lack the last two. */
const PATH = `${process.env.PATH ?? ''}:/usr/bin:/usr/sbin:/sbin`

/** @throws With the line that installs what is missing. */
export async function requireTools(): Promise<void> {
  const there = await Promise.all(Object.keys(TOOLS).map(isThere))
  const missing = Object.values(TOOLS).filter((_, index) => !there[index])
  if (missing.length === 0) return
  const packages = [...new Set(missing)].join(' ')
  throw new Error(`Building a guest image needs more programs. Run: apt-get install ${packages}`)
}

async function isThere(program: string): Promise<boolean> {
  for (const folder of PATH.split(':')) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}

const execute = promisify(execFile)

/** Told when whoever started it ends, also by `kill -9`; what it was making is of no use to the next one. */
const WITH_US = ['--pdeathsig=TERM', '--']

/** What it printed. Rejects with the end of its complaints when it fails. It lives no longer than this process. */
export async function run(
  program: string,
  args: readonly string[],
  options: { cwd?: string } = {},
): Promise<string> {
  try {
    const env = { ...process.env, PATH, LC_ALL: 'C' }
    const spec = { ...options, env, maxBuffer: 2 ** 26 }
    const { stdout } = await execute('setpriv', [...WITH_US, program, ...args], spec)
    return stdout
  } catch (error) {
    throw new Error(`${program} failed: ${reasonOf(error)}`, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { stderr, signal, code } = error as ExecFileException & { stderr?: string }
  const end = stderr?.trim().split('\n').slice(-5).join('\n')
  return end || (signal ? `ended by ${signal}` : `ended with ${code}`)
}
