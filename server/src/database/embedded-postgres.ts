/**
 * PostgreSQL that simply is there: a server of our own on a folder, reached by a unix socket and by
 * nothing else. It is a process beside ours, not a part of it: when we are killed it goes on, and who
 * starts next adopts it. While we run, a server that dies is started again.
 *
 *   DIR/data           the database
 *   DIR/socket         its socket, where the path is short enough for one
 *   DIR/postgres.log   what the server says; when it grew long, the end of DIR/postgres.log.1 before that
 *   DIR/native-*       its programs, where they had to be copied
 */
import { existsSync, realpathSync } from 'node:fs'
import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type pg from 'pg'
import type { Log } from '../log.ts'
import { findPostmaster, shutDown } from './embedded/postmaster.ts'
import { Server } from './embedded/server.ts'
import type { Settings } from './embedded/settings.ts'
import { type Way, waysToRun } from './embedded/ways.ts'

export type EmbeddedPostgres = {
  readonly socketDir: string
  readonly connection: pg.PoolConfig
  /** It ran already: started by a process that was killed, or by one beside us. */
  readonly adopted: boolean
  /** An orderly shutdown, whoever started it. Returns when it has ended; safe to call twice. */
  stop(): Promise<void>
  /** No longer looks after it, and leaves it running for others. */
  leave(): Promise<void>
}

export type EmbeddedPostgresOptions = {
  /** Becomes ours alone: it is made, and closed to everybody else. */
  dir: string
  log: Log
  /** Over those that fit a host; for tests, whose data need not last. */
  settings?: Settings
  /** The first that works is taken. */
  ways?: readonly Way[]
}

const lookEveryMs = 500
const longestPauseMs = 10_000

/** Answers when the server does. Throws an error with words for people when it cannot run. */
export async function startEmbeddedPostgres({
  dir,
  log,
  settings = {},
  ways = waysToRun(),
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const server = await Server.on({ dir, log, settings, ways })
  const { pid, adopted } = await server.ensureRunning()
  log('info', adopted ? 'adopted PostgreSQL' : 'started PostgreSQL', { pid, dir })

  const leaving = new AbortController()
  const watch = keepRunning(server, pid, { dir, log, signal: leaving.signal })
  async function leave() {
    leaving.abort()
    await watch
  }

  return {
    socketDir: server.socketDir,
    connection: server.connection,
    adopted,
    leave,
    async stop() {
      await leave()
      await server.stop()
    },
  }
}

/** The server that runs on `dir`, if one does; nothing is started or made. */
export function findEmbeddedPostgres(dir: string): { stop(): Promise<void> } | null {
  if (!existsSync(dir)) return null
  const dataDir = join(realpathSync(dir), 'data')
  const found = findPostmaster(dataDir)
  if (found === null) return null
  return {
    async stop() {
      await shutDown(found.pid, dataDir)
      if (found.socketDir !== '') await rmdir(found.socketDir).catch(() => {})
    },
  }
}

async function keepRunning(
  server: Server,
  first: number,
  { dir, log, signal }: { dir: string; log: Log; signal: AbortSignal },
) {
  let pid = first
  let waitMs = lookEveryMs
  while (await passes(waitMs, signal)) {
    try {
      server.boundLog()
      if (server.isRunning(pid)) continue
      log('warn', 'PostgreSQL has ended; starting it again', { pid, dir })
      ;({ pid } = await server.ensureRunning())
      waitMs = lookEveryMs
    } catch (error) {
      log('error', 'PostgreSQL cannot be started again', { dir, error })
      waitMs = Math.min(waitMs * 2, longestPauseMs)
    }
  }
}

/** False when the signal comes first. Does not keep the process alive. */
const passes = (ms: number, signal: AbortSignal) =>
  pause(ms, true, { ref: false, signal }).catch(() => false)
