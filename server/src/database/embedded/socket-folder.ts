/** The folder of the server's unix socket: private to its user, and short enough for the kernel. */
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { User } from './ways.ts'

/** `sockaddr_un` has room for 108 bytes, with a zero at the end. */
const longestSocketPath = 107

/** PostgreSQL names its sockets by a port even where no port is opened. */
export const port = 5432

export const socketFile = (folder: string) => join(folder, `.s.PGSQL.${port}`)

/** In `dir` where it fits; otherwise a short one, always the same for the same `dir`. */
export function socketFolderOf(
  dir: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const beside = join(dir, 'socket')
  if (fits(beside)) return beside
  const name = `garrison-${createHash('sha256').update(dir).digest('hex').slice(0, 16)}`
  const root = process.getuid?.() === 0
  const roots = root ? ['/run', '/tmp'] : [env.XDG_RUNTIME_DIR, tmpdir(), '/tmp']
  const parent = roots.find((each) => each && isFolder(each) && fits(join(each, name)))
  return join(parent ?? '/tmp', name)
}

const fits = (folder: string) => Buffer.byteLength(socketFile(folder)) <= longestSocketPath

function isFolder(path: string) {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

/** In a folder that all may write to, somebody else may have been there before us. */
export function makeSocketFolder(folder: string, owner: User) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const found = lstatSync(folder)
  const trusted = [owner.uid, process.getuid?.()]
  if (!found.isDirectory() || !trusted.includes(found.uid)) {
    throw new Error(
      `${folder}, where PostgreSQL's socket goes, belongs to user ${found.uid}; it must be a folder of ` +
        `user ${owner.uid}. Remove it, or choose a data folder with a shorter path.`,
    )
  }
  chmodSync(folder, 0o700)
  if (found.uid !== owner.uid) chownSync(folder, owner.uid, owner.gid)
}
