/** Startup scripts in the database. Every function takes the account: nothing is found without one. */
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type Script = Selectable<Schema['scripts']>

const owned = (db: Database | Tx, accountId: string) =>
  db.selectFrom('scripts').where('account_id', '=', accountId)

export const findScript = (db: Database | Tx, accountId: string, publicId: string) =>
  owned(db, accountId).selectAll().where('public_id', '=', publicId).executeTakeFirst()

/** The same, and nobody changes or deletes it until the transaction ends. */
export const lockScript = (tx: Tx, accountId: string, publicId: string) =>
  owned(tx, accountId).selectAll().where('public_id', '=', publicId).forUpdate().executeTakeFirst()

/** Those that there are; always in the same order, so that nobody waits for one another. */
export const lockScripts = (tx: Tx, accountId: string, publicIds: readonly string[]) =>
  owned(tx, accountId)
    .selectAll()
    .where('public_id', 'in', publicIds)
    .orderBy('id')
    .forUpdate()
    .execute()

export const findScriptByName = (tx: Tx, accountId: string, name: string) =>
  owned(tx, accountId)
    .select('id')
    .where((where) => where(where.fn('lower', ['name']), '=', name.toLowerCase()))
    .executeTakeFirst()

export const insertScript = (tx: Tx, script: Insertable<Schema['scripts']>) =>
  tx.insertInto('scripts').values(script).returningAll().executeTakeFirstOrThrow()

export const updateScript = (
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['scripts']> & { updated_at: Date },
) =>
  tx
    .updateTable('scripts')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

export const deleteScript = (tx: Tx, accountId: string, id: string) =>
  tx.deleteFrom('scripts').where('account_id', '=', accountId).where('id', '=', id).execute()

export type ScriptFilter = {
  search?: string | undefined
  /** Leaves the text out: a page of them may be megabytes. */
  summary: boolean
}

/** Newest first. */
export async function pageOfScripts(
  db: Database,
  accountId: string,
  { search, summary }: ScriptFilter,
  range: Range,
): Promise<{ rows: (Omit<Script, 'script'> & { script: string | null })[]; total: number }> {
  let matching = owned(db, accountId)
  if (search) matching = matching.where('name', 'ilike', containing(search))
  const newestFirst = matching
    .select(['id', 'public_id', 'account_id', 'name', 'created_at', 'updated_at'])
    .select(({ ref, val }) =>
      (summary ? val(null) : ref('script')).$castTo<string | null>().as('script'),
    )
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
  const filtered = Boolean(search)
  return readPage(newestFirst, filtered ? countOfMatches : counterOf(accountId, 'scripts'), range)
}
