import { type Kysely, sql } from 'kysely'

/** What was asked for when an instance was hibernated, and what came of it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table instances
      -- Its public address stays with it.
      add column retain_ip boolean not null default false,
      -- Its processor, memory and GPUs stay counted as its own.
      add column retain_capacity boolean not null default false,
      -- The next three are null while it is not hibernated.
      add column hibernation_rate_micros bigint,
      add column hibernated_at timestamptz,
      -- Whether memory was kept; otherwise its disk only.
      add column hibernation_memory boolean;
    create index instances_hibernated on instances (account_id, hibernated_at desc)
      where hibernated_at is not null and deleted_at is null;
  `.execute(db)
}
