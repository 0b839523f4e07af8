/**
 * The dashboard as a browser takes it. It is built when its sources have changed since, into a folder that
 * carries their hash: outside the checkout, which may be somebody else's, and shared by all data folders.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { glob, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { Failure } from '../failure.ts'
import { root } from '../process/paths.ts'
import type { Terminal } from '../terminal.ts'

/** What it is made of: its own sources, the states that it takes from the contract, and the libraries. */
const sources = [
  'dashboard/{index.html,package.json,vite.config.ts}',
  'dashboard/src/**/*',
  'contract/**/*.ts',
  'package-lock.json',
]
/** Older ones are there for servers that still run; a month is long enough for that. */
const keptMs = 30 * 24 * 60 * 60_000

/** Answers the folder with index.html. */
export async function ensureDashboard(terminal: Terminal): Promise<string> {
  const folder = join(cacheFolder(), await hashOfSources())
  if (existsSync(join(folder, 'index.html'))) {
    const now = new Date()
    await utimes(folder, now, now).catch(() => {})
    return folder
  }
  using _progress = terminal.progress('Building the dashboard')
  const parent = dirname(folder)
  await mkdir(parent, { recursive: true, mode: 0o755 })
  const unfinished = await mkdtemp(join(parent, '.unfinished-'))
  try {
    await build(unfinished)
    // Another one may have been quicker; theirs is the same.
    await rename(unfinished, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
  await removeOld(parent, basename(folder))
  return folder
}

function cacheFolder(env = process.env) {
  if (process.getuid?.() === 0) return '/var/cache/garrison/dashboard'
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'garrison/dashboard')
}

async function hashOfSources(): Promise<string> {
  const files: string[] = []
  for await (const entry of glob(sources, { cwd: root, withFileTypes: true })) {
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name))
  }
  const hash = createHash('sha256')
  for (const file of files.sort()) hash.update(file.slice(root.length)).update(await readFile(file))
  return hash.digest('hex').slice(0, 16)
}

async function build(outDir: string) {
  const vite = spawn(
    process.execPath,
    [
      join(root, 'node_modules/vite/bin/vite.js'),
      ...['build', join(root, 'dashboard'), '--outDir', outDir, '--logLevel', 'warn'],
    ],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_ENV: 'production' },
    },
  )
  let said = ''
  for (const stream of [vite.stdout, vite.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000)
    })
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    vite.once('close', resolve)
    vite.once('error', reject)
  })
  if (code !== 0) {
    throw new Failure('The dashboard cannot be built', {
      advice: [...said.trim().split('\n').slice(-12), 'Without it: garrison up --no-dashboard'],
    })
  }
}

async function removeOld(parent: string, current: string) {
  for (const name of await readdir(parent)) {
    if (name === current) continue
    const path = join(parent, name)
    const age = Date.now() - (await stat(path)).mtimeMs
    if (age > keptMs) await rm(path, { recursive: true, force: true })
  }
}
