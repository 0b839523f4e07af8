import { type Kysely, sql } from 'kysely'

/** Whoever comes by SSH shows a key before it is known whose it is. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create index ssh_keys_of_all on ssh_keys (fingerprint)`.execute(db)
}
