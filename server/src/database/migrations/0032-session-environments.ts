import { type Kysely, sql } from 'kysely'

/** Environments of sessions were kept after their machines had them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    update microvm_sessions set env = '{}' from microvms
    where microvms.id = microvm_sessions.vm_id and microvms.status <> 'starting'
  `.execute(db)
}
