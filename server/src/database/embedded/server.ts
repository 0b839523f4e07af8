/** One server process on one data folder: found when it runs, started when it does not. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, realpathSync } from 'node:fs'
import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Log } from '../../log.ts'
import { ensureDataFolder, superuser, versionOfData } from './data-folder.ts'
import { ensurePrivateFolder } from './ownership.ts'
import { findPostmaster, isPostmasterOf, readPidFile, shutDown } from './postmaster.ts'
import { environment, findPrograms, type Programs } from './programs.ts'
import { createDatabase, knock } from './readiness.ts'
import { boundLog, explain, readLogSince, saysFolderInUse, sizeOf } from './server-log.ts'
import { type Settings, settingsFor } from './settings.ts'
import { makeSocketFolder, port, socketFile, socketFolderOf } from './socket-folder.ts'
import type { Way } from './ways.ts'

export type ServerOptions = {
  readonly dir: string
  readonly log: Log
  readonly settings: Settings
  readonly ways: readonly Way[]
}

const databaseName = 'garrison'
/** Longer than this, and there is a reason worth telling. */
const quietMs = 2_000
/** What a killed server leaves behind may hold the folder for a moment; not for so long. */
const longestInUseMs = 30_000

export class Server {
  readonly socketDir: string
  readonly connection: pg.PoolConfig
  readonly #options: ServerOptions
  readonly #dir: string
  readonly #dataDir: string
  readonly #logFile: string

  private constructor(options: ServerOptions) {
    this.#options = options
    this.#dir = realpathSync(options.dir)
    this.#dataDir = join(this.#dir, 'data')
    this.#logFile = join(this.#dir, 'postgres.log')
    this.socketDir = findPostmaster(this.#dataDir)?.socketDir || socketFolderOf(this.#dir)
    this.connection = {
      host: this.socketDir,
      port,
      user: superuser,
      database: databaseName,
      ssl: false,
    }
  }

  static async on(options: ServerOptions): Promise<Server> {
    await ensurePrivateFolder(options.dir)
    return new Server(options)
  }

  isRunning(pid: number): boolean {
    return isPostmasterOf(pid, this.#dataDir)
  }

  /** Adopts what runs, or starts it; as often as it takes, since others may be at the same. */
  async ensureRunning(): Promise<{ pid: number; adopted: boolean }> {
    const limit = performance.now() + longestInUseMs
    for (;;) {
      const found = findPostmaster(this.#dataDir)
      if (found === null) {
        const pid = await this.#start(limit)
        if (pid !== null) return { pid, adopted: false }
      } else if (await this.#becomesReady(() => this.isRunning(found.pid))) {
        return { pid: found.pid, adopted: true }
      }
    }
  }

  async stop(): Promise<void> {
    const found = findPostmaster(this.#dataDir)
    if (found !== null) await shutDown(found.pid, this.#dataDir)
    // The server has removed its socket. Where the folder is not in ours, nobody else would remove it.
    await rmdir(this.socketDir).catch(() => {})
  }

  boundLog() {
    boundLog(this.#logFile)
  }

  /** Null when somebody else has the folder; after `limit` that is an error. */
  async #start(limit: number): Promise<number | null> {
    const programs = await findPrograms(this.#dir, this.#options.ways, versionOfData(this.#dataDir))
    await ensureDataFolder(this.#dataDir, programs)
    this.boundLog()
    const from = sizeOf(this.#logFile)
    const child = await this.#launch(programs)
    const isAlive = () => child.exitCode === null && child.signalCode === null
    const isReady = await this.#becomesReady(isAlive)
    const holder = findPostmaster(this.#dataDir)?.pid ?? null
    // It may be another's that answered, while ours was about to find the folder taken.
    if (isReady) return holder === child.pid ? holder : null
    const output = readLogSince(this.#logFile, from)
    if (!saysFolderInUse(output) || performance.now() > limit) {
      throw explain('PostgreSQL does not start', output, this.#dir)
    }
    await pause(50)
    return null
  }

  async #launch(programs: Programs): Promise<ChildProcess> {
    makeSocketFolder(this.socketDir, programs.way.owner)
    const settings = { ...settingsFor(programs.major), ...this.#options.settings }
    const command = programs.postgres([
      ...['-D', this.#dataDir, '-k', this.socketDir],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ])
    // A stale pid file may bear the number of a process that lives, but is no server of ours. PostgreSQL
    // does not mind that one then; it still looks for what else could be at work on the folder.
    const stale = readPidFile(this.#dataDir)
    const output = openSync(this.#logFile, 'a', 0o600)
    const child = spawn(command.file, command.args, {
      ...command.user,
      cwd: '/',
      env: { ...environment, ...(stale ? { PG_GRANDPARENT_PID: String(stale.pid) } : {}) },
      detached: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    child.unref()
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    return child
  }

  /** False when it ended first. */
  async #becomesReady(isAlive: () => boolean): Promise<boolean> {
    const { log } = this.#options
    const began = performance.now()
    let told = false
    while (isAlive()) {
      const answer = await knock(this.connection)
      if (answer === 'ready') return true
      if (answer === 'no database') await createDatabase(this.connection)
      else await this.#restartWithoutSocket()
      const waited = performance.now() - began
      if (waited > quietMs && !told) {
        told = true
        log('info', 'PostgreSQL is not ready yet; after a crash it reads its journal first', {
          dir: this.#dir,
        })
      }
      await pause(Math.min(5 + waited / 20, 250))
    }
    return false
  }

  /** Somebody may have cleaned up its socket: it runs then, and is out of reach for ever. */
  async #restartWithoutSocket() {
    const found = findPostmaster(this.#dataDir)
    if (found?.status !== 'ready' || existsSync(socketFile(this.socketDir))) return
    this.#options.log('warn', 'ending PostgreSQL, which has lost its socket', {
      socketDir: this.socketDir,
    })
    await shutDown(found.pid, this.#dataDir)
  }
}
