import { type Kysely, sql } from 'kysely'

/**
 * Startup scripts, and what became of the user-data of machines: theirs, or a cloud-init text.
 *
 * `instances.user_data` is kept only until the guest has begun with it. Machines made before this knew
 * no startup log: those that ran have had theirs.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table scripts (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      name text not null,
      script text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create unique index scripts_name on scripts (account_id, lower(name));
    create index scripts_page on scripts (account_id, created_at desc, id desc);
    create trigger count_scripts after insert or delete on scripts
      for each row execute function count_alive();

    -- A row for each machine that was given something to do on its first boot, until it is deleted.
    create table startup_logs (
      instance_id uuid primary key references instances on delete cascade,
      account_id uuid not null references accounts,
      status text not null,
      exit_code int,
      log text,
      started_at timestamptz,
      finished_at timestamptz
    );
    create index startup_logs_unfinished on startup_logs (instance_id)
      where status in ('pending', 'running');

    insert into startup_logs (instance_id, account_id, status)
      select id, account_id, 'pending' from instances
      where user_data is not null and made_at is null and deleted_at is null;
    update instances set user_data = null where user_data is not null and made_at is not null;

    alter table instances add column jupyter boolean not null default false;
  `.execute(db)
}
