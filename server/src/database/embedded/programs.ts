/** Finds PostgreSQL programs and a user for them that work together on this host, by trying them. */
import { spawn } from 'node:child_process'
import { constants, existsSync, statSync } from 'node:fs'
import { cp, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Binaries, findBinaries, oldestMajor } from './binaries.ts'
import { giveTree, handOver } from './ownership.ts'
import { placeFolder } from './place-folder.ts'
import type { Command, User, Way } from './ways.ts'

export type Programs = {
  readonly major: number
  /** In full, such as `18.4`. */
  readonly version: string
  readonly way: Way
  initdb(args: readonly string[]): Command
  postgres(args: readonly string[]): Command
}

/** Ours could hold a password, and `PG…` variables would change what PostgreSQL does. */
export const environment = {
  PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
} as const

/**
 * `dir`: where programs go that must be copied to be readable; theirs who will run them.
 * `wanted`: the major version that a data folder was made by; null when any will do.
 */
export async function findPrograms(
  dir: string,
  ways: readonly Way[],
  wanted: number | null,
  candidates?: readonly Binaries[],
): Promise<Programs> {
  const problems: string[] = []
  const others = new Set<number>()
  for (const binaries of candidates ?? (await findBinaries())) {
    for (const way of ways) {
      const found = await tryOut(dir, binaries, way)
      if ('problem' in found) {
        problems.push(`${binaries.name}, ${way.name}: ${found.problem}`)
      } else if (wanted !== null && found.major !== wanted) {
        others.add(found.major)
      } else {
        return found
      }
    }
  }
  if (wanted !== null && others.size > 0) throw wrongVersion(dir, wanted, [...others])
  throw new Error(
    [
      'PostgreSQL cannot run here:',
      ...(problems.length > 0 ? problems : ['there is none for this platform in npm or installed']),
      `Install one (apt-get install postgresql, ${oldestMajor} or newer), or set DATABASE_URL to a server of yours.`,
    ].join('\n  '),
  )
}

function wrongVersion(dir: string, wanted: number, others: readonly number[]) {
  return new Error(
    `The database in ${dir} was made by PostgreSQL ${wanted}; this build has ${others.join(' and ')}, ` +
      `which cannot read it. Install PostgreSQL ${wanted} (apt-get install postgresql-${wanted}) and start ` +
      'again: it is then used for this database. Or go back to the release of Garrison that made it.',
  )
}

type Problem = { readonly problem: string }

async function tryOut(dir: string, binaries: Binaries, way: Way): Promise<Programs | Problem> {
  const isSelf = way.owner.uid === process.getuid?.()
  const barrier = isSelf ? null : findBarrier(dirname(dir), way.owner)
  if (barrier !== null) {
    return {
      problem: `it may not pass ${barrier}; choose another data folder, or "chmod o+x ${barrier}"`,
    }
  }
  const inPlace = await askVersion(binaries.root, way)
  if (!('problem' in inPlace) || isSelf || binaries.copyName === undefined) return inPlace
  await handOver(dir, way.owner)
  const copy = join(dir, binaries.copyName)
  await copyPrograms(binaries.root, copy, way.owner)
  return askVersion(copy, way)
}

async function askVersion(root: string, way: Way): Promise<Programs | Problem> {
  const program = (name: string, user: User) => (args: readonly string[]) =>
    way.run(join(root, 'bin', name), args, user)
  const postgres = program('postgres', way.owner)
  const { status, output } = await runProgram(postgres(['--version']))
  const version = /\(PostgreSQL\) (\S+)/.exec(output)?.[1]
  if (status !== 0 || version === undefined) {
    return { problem: output.trim() || `exit status ${status}` }
  }
  return {
    major: Number.parseInt(version, 10),
    version,
    way,
    postgres,
    initdb: program('initdb', way.founder),
  }
}

/** One copy; those of other builds are removed. */
async function copyPrograms(root: string, to: string, owner: User): Promise<void> {
  if (existsSync(to)) return
  const dir = dirname(to)
  for (const name of await readdir(dir)) {
    if (name.startsWith('native-') && !name.startsWith(basename(to))) {
      await rm(join(dir, name), { recursive: true })
    }
  }
  await placeFolder(to, async (unfinished) => {
    await cp(root, unfinished, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
    })
    await giveTree(unfinished, owner)
  })
}

/** The innermost folder on the way to `folder` that only others than `user` may pass. */
function findBarrier(folder: string, user: User): string | null {
  const { uid, mode } = statSync(folder)
  if (uid !== user.uid && (mode & 0o001) === 0) return folder
  return folder === dirname(folder) ? null : findBarrier(dirname(folder), user)
}

export async function runProgram(
  command: Command,
): Promise<{ status: number | null; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ status: number | null; output: string }>()
  const child = spawn(command.file, command.args, {
    ...command.user,
    cwd: '/',
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  child.on('error', (error) => resolve({ status: null, output: error.message }))
  child.on('close', (status) => resolve({ status, output }))
  return promise
}
