import { type Kysely, sql } from 'kysely'

/**
 * Deployments that wait for room, in the order of `seq`; and how much room there was, over time.
 *
 * Room that becomes free concerns everybody: an event may be about no account.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table deploy_requests (
      id uuid primary key,
      seq bigint generated always as identity,
      public_id text not null unique,
      account_id uuid not null references accounts,
      vm_name text not null,
      state text not null check
        (state in ('waiting', 'deploying', 'deployed', 'expired', 'cancelled', 'failed')),
      -- [{region, flavor | gpu_model, gpu_count}], first choice first.
      choices jsonb not null,
      -- Where it stands in line: region/model of each choice.
      pools text[] not null,
      -- The deployment as it was asked for, until it has been made: it may hold secrets.
      request jsonb,
      wait_until timestamptz not null,
      -- Nobody else is placed on this host while it waits.
      kept_region text,
      kept_host text,
      instance_id uuid,
      instance_public_id text,
      reason text,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      finished_at timestamptz,
      check (num_nulls(kept_region, kept_host) in (0, 2)),
      check ((state in ('waiting', 'deploying')) = (finished_at is null))
    );
    create unique index deploy_requests_name on deploy_requests (account_id, lower(vm_name))
      where state = 'waiting';
    create index deploy_requests_page on deploy_requests (account_id, created_at desc, id desc);
    create index deploy_requests_open on deploy_requests (seq)
      where state in ('waiting', 'deploying');
    create index deploy_requests_finished on deploy_requests (finished_at);
    create trigger count_deploy_requests after insert or delete on deploy_requests
      for each row execute function count_alive();

    -- How many machines of a flavor could be deployed, from this moment until that of the next row.
    create table stock_samples (
      region text not null,
      flavor text not null,
      gpu_model text,
      gpu_count int not null,
      available int not null,
      sampled_at timestamptz not null,
      primary key (region, flavor, sampled_at)
    );
    create index stock_samples_age on stock_samples (sampled_at);

    alter table events alter column account_id drop not null;
  `.execute(db)
}
