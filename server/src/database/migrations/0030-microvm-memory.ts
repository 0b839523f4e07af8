import { type Kysely, sql } from 'kysely'

/** What room is kept for: a part of its memory where it shares the rest with a snapshot, else all of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table microvms add column promised_memory_mib integer;
    update microvms set promised_memory_mib = ceil(memory_mib * 0.25);
    alter table microvms alter column promised_memory_mib set not null,
      add check (promised_memory_mib > 0);
  `.execute(db)
}
