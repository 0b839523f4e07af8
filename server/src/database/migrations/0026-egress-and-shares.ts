import { type Kysely, sql } from 'kysely'

/** What microVMs may reach, and ports of them that can be reached. Names of shares are never given again. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- As the API shows it; null: made before there were policies, and reaches nothing.
    alter table microvms add column egress jsonb,
      add column egress_in_force boolean not null default true;
    -- Of machines that are made for it; null: the operator's.
    alter table microvm_sessions add column egress jsonb;

    create table microvm_shares (
      id uuid primary key,
      public_id text not null unique,
      name text not null unique,
      account_id uuid not null references accounts,
      vm_id uuid not null references microvms,
      port int not null check (port between 1 and 65535),
      is_public boolean not null,
      api_key_id uuid,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      revoked_at timestamptz
    );
    create index microvm_shares_account on microvm_shares (account_id, created_at desc);
    create index microvm_shares_vm on microvm_shares (vm_id) where revoked_at is null;
  `.execute(db)
}
