/** Takes everything off the host that a data folder put there, and the folder itself. */
import { join } from 'node:path'
import { destroyQemu } from '@garrison/engines/qemu/destroy'
import { beginRemoval, claimDataFolder, isBeingRemoved, removeDataFolder } from '../data-folder.ts'
import { findEmbeddedPostgres } from '../database/embedded-postgres.ts'
import { installationMark } from '../engines.ts'
import { type Belonging, belongings, matchInstallation } from '../installation.ts'
import { lockInstallation } from '../installation-lock.ts'
import { type AdminOptions, withServices } from './with-services.ts'

/** What accounts have, that somebody may miss. Nothing, once its removal has begun. */
export async function whatIsLeft(options: AdminOptions): Promise<Belonging[]> {
  if (isBeingRemoved(options.dataDir)) return []
  return withServices(options, async ({ db }) => {
    await matchInstallation(db, options.dataDir)
    return belongings(db)
  })
}

/**
 * Refuses while a server runs on the folder, and while there is anything but what `lose` names by its ids.
 * Killed on the way, it can be repeated: the database goes when nothing is left on the host.
 */
export async function uninstall(
  options: AdminOptions,
  { lose = [] }: { lose?: readonly string[] } = {},
): Promise<void> {
  const { dataDir } = options
  const claim = claimDataFolder(dataDir)
  try {
    if (!isBeingRemoved(dataDir)) await clearHost(options, new Set(lose))
    // One that a killed server left was there before us, and would go on without its folder.
    await findEmbeddedPostgres(join(dataDir, 'postgres'))?.stop()
    beginRemoval(dataDir)
    await removeDataFolder(dataDir)
  } finally {
    claim.release()
  }
}

function clearHost(options: AdminOptions, lose: ReadonlySet<string>): Promise<void> {
  const { dataDir } = options
  return withServices(options, async ({ db, config }) => {
    const { id } = await matchInstallation(db, dataDir)
    const left = await belongings(db)
    requireNothingElse(left, lose)
    if (left.length > 0 && config.database.url !== null) {
      throw new Error(
        `The database is not in ${dataDir}, so it would stay and say for ever that all this is there. ` +
          'Start the server, and have everything deleted by it',
      )
    }
    // What is on the host may be the original's, of which this folder is a copy.
    const lock = await lockInstallation(id, dataDir)
    await destroyQemu({ dataDir, mark: installationMark(id) }).finally(() => lock.release())
  })
}

function requireNothingElse(left: readonly Belonging[], lose: ReadonlySet<string>) {
  const others = left.filter(({ id }) => !lose.has(id))
  if (others.length === 0) return
  const words = [...Map.groupBy(others, ({ kind }) => kind)].map(([kind, these]) => {
    const names = these.map(({ id, name }) => (name === null ? id : `${id} ${name}`))
    return `${these.length} ${kind}${these.length === 1 ? '' : 's'} (${names.join(', ')})`
  })
  throw new Error(`Delete first what is left: ${words.join('; ')}`)
}
