/**
 * The data folder, and the claim of one server process on it: two servers on one folder would both take
 * the host's machines for theirs. A claim names its process with the time that it started, so that a
 * stale one, left by a `kill -9`, is recognised even when its process id was given out again.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'

const claimSchema = z.object({
  pid: z.int().positive(),
  started: z.string(),
  /** The folder that it claims: a copy of the folder brings a copy of the claim. Absent in old ones. */
  folder: z.string().optional(),
  /** Null until the server answers. */
  url: z.string().nullable(),
  /** Those whose machines it runs; empty until it answers. */
  regions: z.array(z.string()),
})
export type Claim = z.infer<typeof claimSchema>

export class AlreadyRunning extends Error {
  override name = 'AlreadyRunning'
  readonly claim: Claim
  constructor(dataDir: string, claim: Claim) {
    super(
      `A server is already running on ${dataDir} (process ${claim.pid}${claim.url ? `, ${claim.url}` : ''})`,
    )
    this.claim = claim
  }
}

const claimFile = (dataDir: string) => join(dataDir, 'server.json')

/** Makes the folder and claims it. Others may pass through it, for machines run as users of their own. */
export function claimDataFolder(dataDir: string) {
  mkdirSync(dataDir, { recursive: true, mode: 0o711 })
  const claim: Claim = {
    pid: process.pid,
    started: startTime(process.pid) ?? '',
    folder: realpathSync(dataDir),
    url: null,
    regions: [],
  }
  const file = claimFile(dataDir)
  for (;;) {
    try {
      writeFileSync(file, JSON.stringify(claim), { flag: 'wx', mode: 0o644 })
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const other = readClaim(dataDir)
      if (other !== null) throw new AlreadyRunning(dataDir, other)
      removeStale(file)
    }
  }
  return {
    /** The server answers at this address now, and runs the machines of these regions. */
    publish(url: string, regions: string[]) {
      replaceFile(file, JSON.stringify({ ...claim, url, regions } satisfies Claim), 0o644)
    },
    release() {
      rmSync(file, { force: true })
    },
  }
}

/**
 * Aside first, then looked at again: somebody else may have replaced the stale claim by their own
 * meanwhile, and gets it back.
 */
function removeStale(file: string) {
  const aside = `${file}.stale-${process.pid}`
  try {
    renameSync(file, aside)
  } catch {
    return
  }
  if (readClaimFile(aside) !== null) linkSync(aside, file)
  rmSync(aside)
}

/** Who runs on this folder; null when nobody does. */
export const readClaim = (dataDir: string) => readClaimFile(claimFile(dataDir))

function readClaimFile(file: string): Claim | null {
  const claim = readJson(file, claimSchema)
  if (claim === null || startTime(claim.pid) !== claim.started) return null
  return claim.folder === undefined || claim.folder === realpathSync(dirname(file)) ? claim : null
}

/** Null when the file is not there, or holds something else. */
export function readJson<T>(file: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

/**
 * Ticks since boot at which a process started, or null when there is none, or only what is left of one that
 * nobody has waited for. See proc_pid_stat(5).
 */
export function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in brackets, may itself hold brackets and spaces; field 3 is the first after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const [state = ''] = fields
    return ['Z', 'X'].includes(state) ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

/** Whole or not at all, also when the power fails. */
export function replaceFile(file: string, content: string, mode: number) {
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, content, { mode, flush: true })
  renameSync(temporary, file)
  const folder = openSync(dirname(file), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

export class BeingRemoved extends Error {
  override name = 'BeingRemoved'
  constructor(dataDir: string) {
    super(`${dataDir} is being removed, and was interrupted; finish it: ./garrison uninstall`)
  }
}

const removalFile = (dataDir: string) => join(dataDir, 'removal')

/** Nothing of it is on the host any more, and files of it may be missing. */
export const isBeingRemoved = (dataDir: string) => existsSync(removalFile(dataDir))

/** Throws {@link BeingRemoved} for what is not a whole data folder any more. */
export function requireWhole(dataDir: string) {
  if (isBeingRemoved(dataDir)) throw new BeingRemoved(dataDir)
}

/** From here on nobody may start on it, as a part of it would look like another, or like none. */
export const beginRemoval = (dataDir: string) => replaceFile(removalFile(dataDir), '', 0o644)

/** What says that it is being removed, and by whom, goes last. */
export async function removeDataFolder(dataDir: string): Promise<void> {
  const last = [removalFile(dataDir), claimFile(dataDir)]
  const files = (await readdir(dataDir)).map((name) => join(dataDir, name))
  for (const file of files.filter((each) => !last.includes(each)))
    await rm(file, { recursive: true, force: true })
  await rm(dataDir, { recursive: true, force: true })
}
