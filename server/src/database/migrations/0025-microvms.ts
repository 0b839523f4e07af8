import { type Kysely, sql } from 'kysely'

/**
 * MicroVMs, what they begin as, the sessions that name them, and what was run in them. They are metered by
 * the second: a record that has `seconds` counts those, and its minutes follow from them.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Whose the public snapshots are: an account of the installation, without people and keys.
    create table microvm_house (
      only_one boolean primary key default true check (only_one),
      account_id uuid not null references accounts
    );

    create table microvm_snapshots (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      region text not null,
      name text,
      status text not null check (status in ('pending', 'building', 'ready', 'failed', 'deleting')),
      origin text not null check (origin in ('vm', 'oci', 'base')),
      is_public boolean not null default false,
      source_vm_public_id text,
      -- As it was asked for, and how it is built.
      oci_image text,
      build jsonb,
      vcpus int,
      memory_mib int,
      size_bytes bigint not null default 0,
      error text,
      -- Clones are made by way of one that nobody has asked for.
      hidden boolean not null default false,
      api_key_id uuid,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      deleted_at timestamptz
    );
    create index microvm_snapshots_account on microvm_snapshots (account_id, created_at desc)
      where deleted_at is null;
    create unique index microvm_snapshots_base on microvm_snapshots (name)
      where origin = 'base' and deleted_at is null and status <> 'failed';

    create table microvm_build_logs (
      snapshot_id uuid primary key references microvm_snapshots on delete cascade,
      text text not null default ''
    );

    create table microvm_sessions (
      id uuid primary key,
      account_id uuid not null references accounts,
      -- Seconds of each of its machines.
      lifetime int not null,
      vcpus int not null,
      memory_mib int not null,
      metadata jsonb not null default '{}',
      -- Of machines that are made for it later: a secret.
      env jsonb not null default '{}',
      -- The one that it has, or had last.
      vm_id uuid,
      api_key_id uuid,
      created_at timestamptz not null
    );
    create index microvm_sessions_account on microvm_sessions (account_id, created_at desc);

    create table microvms (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      session_id uuid not null references microvm_sessions,
      region text not null,
      host text not null,
      status text not null check (status in ('starting', 'running', 'suspending', 'suspended', 'resuming',
        'terminating', 'terminated', 'failed')),
      snapshot_id uuid references microvm_snapshots,
      vcpus int not null,
      memory_mib int not null,
      metadata jsonb not null default '{}',
      -- A secret, until its guest has it.
      env jsonb,
      lifetime int not null,
      ends_at timestamptz,
      snapshot_on_terminate boolean not null default false,
      snapshot_name text,
      how text check (how in ('memory', 'cold-boot')),
      message text,
      vcpu_rate_micros bigint not null check (vcpu_rate_micros >= 0),
      gb_rate_micros bigint not null check (gb_rate_micros >= 0),
      -- Both together, for an hour.
      hourly_rate_micros bigint not null check (hourly_rate_micros >= 0),
      currency text not null check (currency in ('USD', 'EUR', 'INR')),
      tier text not null,
      api_key_id uuid,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      started_at timestamptz,
      ended_at timestamptz
    );
    create index microvms_account on microvms (account_id, created_at desc, id desc);
    create index microvms_live on microvms (region, host) where ended_at is null;
    create index microvms_ends on microvms (ends_at) where ended_at is null and ends_at is not null;
    create index microvms_session on microvms (session_id);
    create index microvms_ended on microvms (ended_at) where ended_at is not null;

    create table microvm_executions (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      session_id uuid not null references microvm_sessions,
      vm_id uuid references microvms,
      region text not null,
      language text not null check (language in ('python', 'bash')),
      status text not null check (status in ('running', 'completed', 'failed', 'lost')),
      -- Of one that nobody waits for; NUL bytes cannot be stored, so it is bytes.
      stdout bytea,
      stderr bytea,
      exit_code int,
      seconds double precision,
      cpu_seconds double precision,
      timed_out boolean not null default false,
      truncated boolean not null default false,
      error text,
      created_at timestamptz not null,
      finished_at timestamptz
    );
    create index microvm_executions_account on microvm_executions (account_id, created_at desc);
    create index microvm_executions_running on microvm_executions (region) where status = 'running';

    -- What all executions of a session come to.
    alter table microvm_sessions
      add column executions int not null default 0,
      add column execution_seconds double precision not null default 0,
      add column cpu_seconds double precision not null default 0;
  `.execute(db)

  await sql`
    alter table billing_records
      add column seconds bigint,
      drop constraint billing_records_resource_kind_check,
      add constraint billing_records_resource_kind_check
        check (resource_kind in ('instance', 'snapshot', 'volume', 'microvm'));

    create or replace function record_bears_key() returns trigger language plpgsql as $$
    begin
      new.api_key_id := case new.resource_kind
        when 'instance' then (select api_key_id from instances where id = new.resource_id)
        when 'snapshot' then (select api_key_id from snapshots where id = new.resource_id)
        when 'volume' then (select api_key_id from volumes where id = new.resource_id)
        when 'microvm' then (select api_key_id from microvms where id = new.resource_id)
      end;
      return new;
    end $$;

    -- From when it runs until it has no memory any more; what it is on the way to either is the user's.
    create function meter_microvm() returns trigger language plpgsql as $$
    declare
      was boolean := tg_op = 'UPDATE' and old.status in ('running', 'suspending');
      is_billed boolean := new.status in ('running', 'suspending');
    begin
      if was = is_billed then return null; end if;
      if not is_billed then
        perform end_billing_record(new.id, new.updated_at);
        return null;
      end if;
      insert into billing_records (
        billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
        tier, rate, hourly_rate_micros, currency, started_at, metered_until, seconds
      ) values (
        new.public_id, new.account_id, 'microvm', new.id, new.public_id, new.public_id,
        new.tier, 'full', new.hourly_rate_micros, new.currency, new.updated_at, new.updated_at, 0
      );
      return null;
    end $$;
    create trigger meter_microvm after insert or update of status on microvms
      for each row execute function meter_microvm();

    create trigger tell_of_state after insert or update of status on microvms
      for each row execute function tell_of_state('microvm', 'status', 'updated_at', 'public_id',
        'region=region', 'session=session_id', 'reason=message');
    create trigger tell_of_state after insert or delete or update of status, deleted_at
      on microvm_snapshots
      for each row execute function tell_of_state('microvm-snapshot', 'status', 'updated_at',
        'public_id', 'name=name', 'region=region', 'vm=source_vm_public_id', 'reason=error');
  `.execute(db)
}
