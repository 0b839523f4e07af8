/**
 * Room in reserve. On a disk with no byte left nothing can be deleted either, because a deletion is
 * written down first, and PostgreSQL ends. So a file in the data folder keeps some room, which is given up
 * when the disk is full, and taken back once there is plenty again.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { open, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from './log.ts'

const mebibyte = 1024 * 1024
const ballastMib = 64
/** With less, the room in reserve is given up. */
const fullBytes = 16 * mebibyte
/** With more, it is taken back. Well above what giving it up makes free. */
const plentyBytes = 256 * mebibyte
const everyMs = 2_000

export type Ballast = {
  /** Looks at the disk, and gives up or takes back the room. */
  look(): Promise<void>
  /** For people: how full the disk was at the last look. */
  state(): { ok: boolean; detail: string }
}

/** `freeBytes`: what an ordinary user may still write, as PostgreSQL is one. */
export function createBallast({
  dataDir,
  log,
  freeBytes = freeOn,
}: {
  dataDir: string
  log: Log
  freeBytes?: (folder: string) => Promise<number>
}): Ballast {
  const file = fileIn(dataDir)
  let free = Number.POSITIVE_INFINITY

  return {
    async look() {
      free = await freeBytes(dataDir)
      const kept = existsSync(file)
      if (kept && free < fullBytes) {
        rmSync(file)
        log('error', 'the disk is full; the room in reserve is given up, so that deletions go on', {
          dataDir,
          free_mib: inMib(free),
        })
      } else if (!kept && free >= plentyBytes) await fill(file)
    },

    state() {
      const full = free < fullBytes || (!existsSync(file) && free < plentyBytes)
      if (!full) return { ok: true, detail: 'There is room on the disk of the data folder' }
      return {
        ok: false,
        detail:
          `The disk of ${dataDir} is full, ${inMib(free)} MiB are left; delete snapshots, images or ` +
          'instances, or make room on the host',
      }
    },
  }
}

/** For a start on a disk without a byte left, which cannot even say that it has begun. */
export function giveUpBallast(dataDir: string) {
  rmSync(fileIn(dataDir), { force: true })
}

/** Looks every two seconds, until it is closed. The first look is over when this answers. */
export async function keepBallast(ballast: Ballast, log: Log) {
  const closing = new AbortController()
  const look = () =>
    ballast.look().catch((error: unknown) => log('warn', 'cannot look after the disk', { error }))
  await look()
  const looking = (async () => {
    while (await pause(everyMs, true, { signal: closing.signal, ref: false }).catch(() => false))
      await look()
  })()
  return {
    async close() {
      closing.abort()
      await looking
    },
  }
}

const fileIn = (dataDir: string) => join(dataDir, 'ballast')
const inMib = (bytes: number) => Math.floor(bytes / mebibyte)

async function freeOn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

/** Whole or not at all. At random, since some file systems keep what is empty or alike without room. */
async function fill(file: string) {
  const making = `${file}.new`
  try {
    const handle = await open(making, 'w', 0o600)
    try {
      for (let written = 0; written < ballastMib; written++)
        await handle.write(randomBytes(mebibyte))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(making, file)
  } catch (error) {
    await rm(making, { force: true })
    throw error
  }
}
