/** Whose the database's files are. As root that may change: with the way in which PostgreSQL can run. */
import { statSync } from 'node:fs'
import { chmod, chown, lchown, mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ownUser, type User } from './ways.ts'

/** Makes `dir`, which nobody but its owner may enter, and refuses one of a stranger. */
export async function ensurePrivateFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  refuseStranger(dir, statSync(dir).uid)
  await chmod(dir, 0o700)
}

/** Gives a folder to who will run the server. Nothing may run on it. */
export async function handOver(folder: string, owner: User): Promise<void> {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found === undefined) return
  refuseStranger(folder, found.uid)
  await giveTree(folder, owner)
}

/** A folder itself comes last: as long as that is not given, a killed attempt is repeated. */
export async function giveTree(folder: string, owner: User): Promise<void> {
  if ((await stat(folder)).uid === owner.uid) return
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    await (entry.isDirectory() ? giveTree(path, owner) : lchown(path, owner.uid, owner.gid))
  }
  await chown(folder, owner.uid, owner.gid)
}

function refuseStranger(folder: string, owner: number) {
  const self = process.getuid?.() ?? 0
  const ours = self === 0 ? [self, ownUser.uid] : [self]
  if (ours.includes(owner)) return
  throw new Error(
    `The database folder ${folder} belongs to user ${owner}, and this is user ${self}. Run Garrison as ` +
      `that user, choose another data folder, or "chown -R ${self} ${folder}" while nothing runs on it.`,
  )
}
