import { type Kysely, sql } from 'kysely'

/** Files that outlive microVMs. What a checkpoint names stays, whatever becomes of the files. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table microvm_volumes (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      name text not null,
      quota_bytes bigint not null check (quota_bytes > 0),
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create unique index microvm_volumes_name on microvm_volumes (account_id, lower(name));

    create table microvm_volume_blobs (
      id uuid primary key,
      volume_id uuid not null references microvm_volumes on delete cascade,
      size_bytes bigint not null,
      content bytea not null
    );
    -- Most of it is compressed already, or small.
    alter table microvm_volume_blobs alter column content set storage external;
    create index microvm_volume_blobs_volume on microvm_volume_blobs (volume_id, size_bytes);

    create table microvm_volume_checkpoints (
      id uuid primary key,
      public_id text not null unique,
      volume_id uuid not null references microvm_volumes on delete cascade,
      name text not null,
      created_at timestamptz not null
    );
    create index microvm_volume_checkpoints_volume on microvm_volume_checkpoints (volume_id);

    create table microvm_volume_files (
      volume_id uuid not null references microvm_volumes on delete cascade,
      -- Null: as it is now.
      checkpoint_id uuid references microvm_volume_checkpoints on delete cascade,
      path text collate "C" not null,
      blob_id uuid not null references microvm_volume_blobs on delete cascade,
      modified_at timestamptz not null
    );
    create unique index microvm_volume_files_path
      on microvm_volume_files (volume_id, checkpoint_id, path) nulls not distinct;
    create index microvm_volume_files_blob on microvm_volume_files (blob_id);
    create index microvm_volume_files_checkpoint on microvm_volume_files (checkpoint_id);
  `.execute(db)
}
