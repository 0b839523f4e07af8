import { type Kysely, sql } from 'kysely'

/**
 * Snapshot policies, the instances that they cover, and which snapshots are theirs.
 *
 * A snapshot remembers its policy without a foreign key: it outlives the policy, as it outlives its
 * instance. That a policy takes one snapshot of an instance for a slot, whoever tries, is an index here.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table snapshots
      add column pinned boolean not null default false,
      add column policy_id uuid,
      add column policy_public_id text,
      -- The moment that it was due, which may be some time before it was taken.
      add column policy_slot timestamptz,
      add check (num_nulls(policy_id, policy_public_id, policy_slot) in (0, 3));
    create unique index snapshots_policy_slot on snapshots (policy_id, instance_id, policy_slot)
      where policy_id is not null;

    create table snapshot_policies (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      name text not null,
      description text,
      hourly int not null check (hourly >= 0),
      daily int not null check (daily >= 0),
      weekly int not null check (weekly >= 0),
      monthly int not null check (monthly >= 0),
      offset_minutes int not null check (offset_minutes between 0 and 1439),
      created_at timestamptz not null,
      updated_at timestamptz not null,
      check (hourly + daily + weekly + monthly > 0)
    );
    create unique index snapshot_policies_name on snapshot_policies (account_id, lower(name));
    create index snapshot_policies_page on snapshot_policies (account_id, created_at desc, id desc);
    create trigger count_snapshot_policies after insert or delete on snapshot_policies
      for each row execute function count_alive();

    create table snapshot_policy_instances (
      policy_id uuid not null references snapshot_policies on delete cascade,
      instance_id uuid not null references instances on delete cascade,
      account_id uuid not null references accounts,
      -- The slot that is taken next.
      due_at timestamptz not null,
      -- When to look next: due_at, or later where the machine was busy then.
      try_at timestamptz not null,
      -- When to look for snapshots that are too many; null: none can be.
      thin_at timestamptz,
      last_success_at timestamptz,
      -- Since the last success; null: nothing went wrong.
      last_error text,
      last_error_at timestamptz,
      skip_reason text,
      skipped_at timestamptz,
      created_at timestamptz not null,
      primary key (policy_id, instance_id)
    );
    create index snapshot_policy_instances_try on snapshot_policy_instances (try_at);
    create index snapshot_policy_instances_thin on snapshot_policy_instances (thin_at)
      where thin_at is not null;
    create index snapshot_policy_instances_instance on snapshot_policy_instances (instance_id);
  `.execute(db)
}
