import { type Kysely, sql } from 'kysely'

/** An answer may be kept before it is final: the request that was committed still waits for something. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Null: the answer is final. Until then its request is under way; afterwards nobody waits any more,
    -- and the next request with the key finds out how it went on.
    alter table idempotency_keys add column awaited_until timestamptz;
  `.execute(db)
}
