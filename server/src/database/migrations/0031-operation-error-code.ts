import { type Kysely, sql } from 'kysely'

/** Why an operation failed, for those to whom it matters more than the words: whoever waits for room. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table operations add column error_code text`.execute(db)
}
