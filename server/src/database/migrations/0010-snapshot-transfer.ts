import { type Kysely, sql } from 'kysely'

/**
 * Snapshots that leave and come: a file that is made of one, and one that is made of a file. Both rows go
 * with their snapshot.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- One that was imported was taken of no machine here.
    alter table snapshots alter column instance_id drop not null;
    alter table snapshots alter column instance_public_id drop not null;

    create table snapshot_exports (
      id uuid primary key,
      account_id uuid not null references accounts,
      snapshot_id uuid not null unique references snapshots on delete cascade,
      status text not null,
      -- That which made it, or removes it.
      operation_id uuid not null,
      manifest jsonb,
      error text,
      expires_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index snapshot_exports_expiry on snapshot_exports (expires_at);

    create table snapshot_imports (
      snapshot_id uuid primary key references snapshots on delete cascade,
      account_id uuid not null references accounts,
      status text not null,
      manifest jsonb not null,
      -- Null once all of the file is there.
      expires_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index snapshot_imports_expiry on snapshot_imports (expires_at);
  `.execute(db)
}
