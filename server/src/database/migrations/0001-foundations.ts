import { type Kysely, sql } from 'kysely'

/**
 * Accounts and their keys; machines, snapshots, images; the operations that change them; the ledger,
 * the audit log and the outbox of events.
 *
 * Names are unique whatever the case among what is not deleted. `counters` are kept by triggers, so that
 * no path through the code can forget one and a list never counts rows.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table installation (
      id uuid primary key,
      created_at timestamptz not null default now(),
      only_one boolean not null default true unique check (only_one)
    );

    -- Every public id ever given out. Rows are never removed: an id is never reused.
    create table public_ids (id text primary key);

    create table accounts (
      id uuid primary key,
      public_id text not null unique,
      name text not null,
      email text,
      currency text not null check (currency in ('USD', 'EUR', 'INR')),
      phone text,
      address_line text,
      city text,
      state text,
      postal_code text,
      country text,
      created_at timestamptz not null
    );
    create unique index accounts_email on accounts (lower(email));

    create table api_keys (
      id uuid primary key,
      account_id uuid not null references accounts,
      name text not null,
      prefix text not null,
      hash bytea not null unique,
      created_at timestamptz not null,
      last_used_at timestamptz,
      expires_at timestamptz,
      revoked_at timestamptz
    );
    create unique index api_keys_name on api_keys (account_id, lower(name)) where revoked_at is null;

    create table counters (
      account_id uuid not null references accounts,
      kind text not null,
      value bigint not null,
      primary key (account_id, kind)
    );

    create table ssh_keys (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      name text not null,
      public_key text not null,
      fingerprint text not null,
      key_type text not null,
      created_at timestamptz not null,
      constraint ssh_keys_fingerprint unique (account_id, fingerprint)
    );
    create unique index ssh_keys_name on ssh_keys (account_id, lower(name));
    create index ssh_keys_page on ssh_keys (account_id, created_at desc, id desc);

    create table instances (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      name text not null,
      status text not null,
      region text not null,
      tier text not null,
      host text not null,
      flavor text not null,
      gpu_model text,
      gpu_count int not null,
      vcpus int not null,
      memory_mib int not null,
      disk_gb int not null,
      boot_source text not null,
      source_id text,
      os_image text,
      login_user text not null,
      user_data text,
      address jsonb,
      hourly_rate_micros bigint not null,
      currency text not null,
      error text,
      -- Its disk exists since; null while it has never run.
      made_at timestamptz,
      ready_at timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz
    );
    create unique index instances_name on instances (account_id, lower(name)) where deleted_at is null;
    create index instances_page on instances (account_id, created_at desc, id desc);
    create index instances_region on instances (region) where deleted_at is null;
    create index instances_source on instances (source_id) where deleted_at is null;

    -- No foreign key to ssh_keys: a key may go once its machines are gone, the record of it stays.
    create table instance_ssh_keys (
      instance_id uuid not null references instances on delete cascade,
      ssh_key_id uuid not null,
      public_id text not null,
      name text not null,
      public_key text not null,
      primary key (instance_id, ssh_key_id)
    );
    create index instance_ssh_keys_key on instance_ssh_keys (ssh_key_id);

    create table snapshots (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      instance_id uuid not null,
      instance_public_id text not null,
      vm_name text not null,
      name text not null,
      description text,
      status text not null,
      region text not null,
      tier text not null,
      size_bytes bigint,
      disk_gb int not null,
      consistency text,
      memory boolean not null,
      flavor text not null,
      gpu_model text,
      gpu_count int not null,
      vcpus int not null,
      memory_mib int not null,
      os_image text,
      login_user text not null,
      ssh_keys jsonb not null,
      hourly_rate_micros bigint not null,
      currency text not null,
      error text,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz
    );
    create unique index snapshots_name on snapshots (account_id, lower(name)) where deleted_at is null;
    create index snapshots_page on snapshots (account_id, created_at desc, id desc);

    create table images (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      snapshot_id uuid not null,
      snapshot_public_id text not null,
      snapshot_name text not null,
      name text not null,
      description text not null,
      status text not null,
      region text not null,
      tier text not null,
      size_bytes bigint,
      min_disk_gb int not null,
      os_image text,
      login_user text not null,
      error text,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz
    );
    create unique index images_name on images (account_id, lower(name)) where deleted_at is null;
    create index images_page on images (account_id, created_at desc, id desc);
    create index images_snapshot on images (snapshot_id) where deleted_at is null;

    -- A change under way. seq orders the operations on one resource; fence grows with every lease.
    create table operations (
      id uuid primary key,
      seq bigint generated always as identity,
      kind text not null,
      account_id uuid not null references accounts,
      region text not null,
      subject_kind text not null,
      subject_id uuid not null,
      subject_public_id text not null,
      input jsonb not null,
      state text not null check (state in ('pending', 'running', 'undoing', 'done', 'failed', 'cancelled')),
      step text,
      fence bigint not null default 0,
      lease_owner text,
      lease_until timestamptz,
      cancel_requested boolean not null default false,
      note text,
      error text,
      created_at timestamptz not null,
      started_at timestamptz,
      finished_at timestamptz
    );
    create index operations_open on operations (region, seq)
      where state in ('pending', 'running', 'undoing');
    create index operations_page on operations (account_id, created_at desc, id desc);
    create sequence operation_fence;

    create table operation_steps (
      operation_id uuid not null references operations on delete cascade,
      name text not null,
      fence bigint not null,
      started_at timestamptz not null,
      finished_at timestamptz,
      undone_at timestamptz,
      result jsonb,
      error text,
      primary key (operation_id, name)
    );

    -- What an open operation has to itself (exclusive) or uses while others may too.
    create table operation_holds (
      resource_id uuid not null,
      operation_id uuid not null references operations on delete cascade,
      exclusive boolean not null,
      primary key (resource_id, operation_id)
    );
    create index operation_holds_operation on operation_holds (operation_id);

    create table idempotency_keys (
      account_id uuid not null references accounts,
      method text not null,
      path text not null,
      key text not null,
      fingerprint bytea not null,
      status int not null,
      body json not null,
      created_at timestamptz not null,
      primary key (account_id, method, path, key)
    );
    create index idempotency_keys_age on idempotency_keys (created_at);

    create table audit_log (
      id bigint generated always as identity primary key,
      account_id uuid not null references accounts,
      api_key_id uuid,
      action text not null,
      subject_kind text not null,
      subject_id text not null,
      detail jsonb not null default '{}',
      request_id text,
      remote_address text,
      created_at timestamptz not null
    );
    create index audit_log_page on audit_log (account_id, created_at desc, id desc);

    -- Outbox: what happened, written with the change itself, read by whoever tells the world.
    create table events (
      id bigint generated always as identity primary key,
      account_id uuid not null references accounts,
      kind text not null,
      subject_kind text not null,
      subject_id text not null,
      data jsonb not null,
      created_at timestamptz not null
    );
    create index events_account on events (account_id, id);

    -- Double entry: the entries of a transaction sum to zero in each currency; balance = sum of entries.
    create table ledger_accounts (
      id uuid primary key,
      account_id uuid references accounts,
      kind text not null,
      currency text not null check (currency in ('USD', 'EUR', 'INR')),
      unique nulls not distinct (account_id, kind, currency)
    );
    create table ledger_transactions (
      id uuid primary key,
      kind text not null,
      description text not null,
      reference text unique,
      created_at timestamptz not null
    );
    create table ledger_entries (
      id bigint generated always as identity primary key,
      transaction_id uuid not null references ledger_transactions,
      ledger_account_id uuid not null references ledger_accounts,
      amount_micros bigint not null check (amount_micros <> 0)
    );
    create index ledger_entries_account on ledger_entries (ledger_account_id);
    create index ledger_entries_transaction on ledger_entries (transaction_id);
  `.execute(db)

  await sql`
    create function ledger_must_balance() returns trigger language plpgsql as $$
    begin
      if exists (
        select from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
        where e.transaction_id in (new.transaction_id, old.transaction_id)
        group by a.currency having sum(e.amount_micros) <> 0
      ) then
        raise exception 'ledger transaction % does not balance', coalesce(new.transaction_id, old.transaction_id);
      end if;
      return null;
    end $$;
    create constraint trigger ledger_balances after insert or update or delete on ledger_entries
      deferrable initially deferred for each row execute function ledger_must_balance();

    create function count_alive() returns trigger language plpgsql as $$
    declare
      step int := 0;
      owner uuid;
    begin
      if tg_op = 'INSERT' then
        owner := new.account_id;
        step := case when to_jsonb(new) ->> 'deleted_at' is null then 1 else 0 end;
      elsif tg_op = 'DELETE' then
        owner := old.account_id;
        step := case when to_jsonb(old) ->> 'deleted_at' is null then -1 else 0 end;
      else
        owner := new.account_id;
        step := (to_jsonb(old) ->> 'deleted_at' is not null)::int
              - (to_jsonb(new) ->> 'deleted_at' is not null)::int;
      end if;
      if step <> 0 then
        insert into counters values (owner, tg_table_name, step)
        on conflict (account_id, kind) do update set value = counters.value + step;
      end if;
      return null;
    end $$;
    create trigger count_instances after insert or delete or update of deleted_at on instances
      for each row execute function count_alive();
    create trigger count_snapshots after insert or delete or update of deleted_at on snapshots
      for each row execute function count_alive();
    create trigger count_images after insert or delete or update of deleted_at on images
      for each row execute function count_alive();
    create trigger count_ssh_keys after insert or delete on ssh_keys
      for each row execute function count_alive();
    create trigger count_operations after insert or delete on operations
      for each row execute function count_alive();
  `.execute(db)
}
