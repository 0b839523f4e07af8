/**
 * Which installation a database is of, and a data folder: a random id, made once and kept in both. What is
 * on the host and not in the database is taken for left over and removed, so a server must never look at
 * its host with somebody else's database, or with an empty one.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { vmName } from '@garrison/contract/microvms/facts'
import { keptOnHosts } from './catalog/regions-in-use.ts'
import { replaceFile } from './data-folder.ts'
import type { Database } from './database/database.ts'
import { newUuid } from './ids.ts'

export class WrongDatabase extends Error {
  override name = 'WrongDatabase'
  constructor(dataDir: string, expected: string, found: string | null) {
    const whose = found === null ? 'is empty' : `belongs to installation ${found}`
    super(
      `The database ${whose}, but ${dataDir} belongs to installation ${expected}. ` +
        'Correct the database (DATABASE_URL, or database.url in garrison.yaml), or the data folder (--data)',
    )
  }
}

/** The id of the database; everything host-wide that is ours carries a hash of it. */
export async function ensureInstallation(db: Database): Promise<{ id: string }> {
  await db
    .insertInto('installation')
    .values({ id: newUuid() })
    .onConflict((conflict) => conflict.column('only_one').doNothing())
    .execute()
  return db.selectFrom('installation').select('id').executeTakeFirstOrThrow()
}

/** The id that database and data folder share. The first start writes it into both. */
export async function matchInstallation(db: Database, dataDir: string): Promise<{ id: string }> {
  const expected = readInstallationId(dataDir)
  if (expected === null) {
    const { id } = await ensureInstallation(db)
    replaceFile(idFile(dataDir), `${id}\n`, 0o644)
    return { id }
  }
  const found = await db.selectFrom('installation').select('id').executeTakeFirst()
  if (found?.id !== expected) throw new WrongDatabase(dataDir, expected, found?.id ?? null)
  return found
}

export type Belonging = {
  /** In words, for one of them: `instance`, `microVM snapshot`. */
  readonly kind: string
  /** As its owner knows it. */
  readonly id: string
  readonly name: string | null
}

/** What accounts have, whoever they are, that nobody can make again; kinds follow each other. */
export async function belongings(db: Database): Promise<Belonging[]> {
  const found = keptOnHosts.map(async ({ table, one }) => {
    const there = db.selectFrom(table).where('deleted_at', 'is', null)
    return ofKind(one, await there.select(['public_id', 'name']).orderBy('id').execute())
  })
  const kinds = await Promise.all([
    ...found,
    ...[microvmsOf(db), microvmSnapshotsOf(db), microvmVolumesOf(db)],
  ])
  return kinds.flat()
}

const ofKind = (kind: string, rows: readonly { public_id: string; name: string | null }[]) =>
  rows.map(({ public_id: id, name }) => ({ kind, id, name }))

async function microvmsOf(db: Database) {
  const there = db.selectFrom('microvms').where('ended_at', 'is', null)
  const rows = await there.select(['public_id', 'metadata']).orderBy('id').execute()
  const named = rows.map(({ public_id, metadata }) => {
    const name = vmName({ vm_id: public_id, metadata })
    return { public_id, name: name === public_id ? null : name }
  })
  return ofKind('microVM', named)
}

/** Without the base of all, which is nobody's and made again. */
async function microvmSnapshotsOf(db: Database) {
  const rows = await db
    .selectFrom('microvm_snapshots')
    .select(['public_id', 'name'])
    .where('deleted_at', 'is', null)
    .where('status', '<>', 'failed')
    .where('hidden', '=', false)
    .where('origin', '<>', 'base')
    .orderBy('id')
    .execute()
  return ofKind('microVM snapshot', rows)
}

async function microvmVolumesOf(db: Database) {
  const all = db.selectFrom('microvm_volumes').select(['public_id', 'name'])
  return ofKind('microVM volume', await all.orderBy('id').execute())
}

const idFile = (dataDir: string) => join(dataDir, 'installation')

/** Null before the first start. An unreadable file is an error, not a first start. */
export function readInstallationId(dataDir: string): string | null {
  try {
    return readFileSync(idFile(dataDir), 'utf8').trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
