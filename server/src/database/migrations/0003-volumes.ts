import { type Kysely, sql } from 'kysely'

/**
 * Volumes. `instance_id` is whose a volume is, is about to be, or is about to be no more; at most one
 * machine boots from it. `growing_to_gb` keeps room while a resize is under way.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table volumes (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      name text not null,
      description text,
      status text not null,
      region text not null,
      tier text not null,
      host text not null,
      volume_type text not null,
      size_gb int not null check (size_gb > 0),
      growing_to_gb int check (growing_to_gb > size_gb),
      bootable boolean not null,
      os_image text,
      login_user text,
      instance_id uuid references instances,
      is_boot boolean not null default false,
      attached_at timestamptz,
      error text,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz,
      check (not is_boot or bootable),
      check ((instance_id is null) = (attached_at is null)),
      check (instance_id is null or deleted_at is null)
    );
    create unique index volumes_name on volumes (account_id, lower(name))
      where deleted_at is null;
    create index volumes_page on volumes (account_id, created_at desc, id desc)
      where deleted_at is null;
    create index volumes_region on volumes (region) where deleted_at is null;
    create index volumes_instance on volumes (instance_id) where instance_id is not null;
    create trigger count_volumes after insert or delete or update of deleted_at on volumes
      for each row execute function count_alive();
  `.execute(db)
}
