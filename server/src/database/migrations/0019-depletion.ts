import { type Kysely, sql } from 'kysely'

/**
 * What happens when credits run out or a budget is used up, and which key's budget bears what was made.
 * Usage by day and key is kept beside the ledger by a trigger, so that it is what the ledger says, and
 * reading a month of it costs the same however often it was metered.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table accounts add column monthly_budget_micros bigint check (monthly_budget_micros > 0);
    alter table api_keys add column monthly_budget_micros bigint check (monthly_budget_micros > 0);

    -- The key that made it, or for which it was made later; null: somebody who signed in, or the host.
    alter table instances add column api_key_id uuid;
    alter table snapshots add column api_key_id uuid;
    alter table volumes add column api_key_id uuid;
    alter table deploy_requests add column api_key_id uuid;
    alter table snapshot_policies add column api_key_id uuid;
    alter table billing_records add column api_key_id uuid;
    alter table ledger_transactions add column api_key_id uuid;
    create index instances_api_key on instances (account_id, api_key_id)
      where deleted_at is null and api_key_id is not null;
    create index billing_records_open_account on billing_records (account_id) where ended_at is null;

    create function record_bears_key() returns trigger language plpgsql as $$
    begin
      new.api_key_id := case new.resource_kind
        when 'instance' then (select api_key_id from instances where id = new.resource_id)
        when 'snapshot' then (select api_key_id from snapshots where id = new.resource_id)
        when 'volume' then (select api_key_id from volumes where id = new.resource_id)
      end;
      return new;
    end $$;
    create trigger record_bears_key before insert on billing_records
      for each row execute function record_bears_key();
  `.execute(db)

  await sql`
    -- One that gives up its capacity while hibernated costs another rate from then on.
    create function meter_given_up_capacity() returns trigger language plpgsql as $$
    begin
      perform end_billing_record(new.id, new.updated_at);
      insert into billing_records (
        billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
        tier, gpu_model, gpu_count, rate, hourly_rate_micros, currency, started_at, metered_until
      )
      select billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
          tier, gpu_model, gpu_count, rate, coalesce(new.hibernation_rate_micros, 0), currency,
          new.updated_at, new.updated_at
        from billing_records where resource_id = new.id order by id desc limit 1;
      return null;
    end $$;
    create trigger meter_given_up_capacity after update of retain_capacity on instances
      for each row when (old.status = 'HIBERNATED' and new.status = 'HIBERNATED'
        and old.retain_capacity and not new.retain_capacity)
      execute function meter_given_up_capacity();
  `.execute(db)

  await sql`
    create table usage_days (
      account_id uuid not null references accounts,
      currency text not null check (currency in ('USD', 'EUR', 'INR')),
      -- UTC, of when it was charged.
      day date not null,
      api_key_id uuid,
      -- Positive.
      micros bigint not null,
      unique nulls not distinct (account_id, currency, day, api_key_id)
    );
    create function keep_usage_days() returns trigger language plpgsql as $$
    begin
      insert into usage_days (account_id, currency, day, api_key_id, micros)
      select mine.account_id, mine.currency, (booked.created_at at time zone 'UTC')::date,
          booked.api_key_id, -sum(entry.amount_micros)
        from entries entry
          join ledger_transactions booked on booked.id = entry.transaction_id and booked.kind = 'usage'
          join ledger_accounts mine on mine.id = entry.ledger_account_id
            and mine.kind = 'credits' and mine.account_id is not null
        group by 1, 2, 3, 4
        order by 1, 2, 3, 4
      on conflict (account_id, currency, day, api_key_id)
        do update set micros = usage_days.micros + excluded.micros;
      return null;
    end $$;
    -- After keep_balance, which has the accounts' rows locked in order.
    create trigger keep_usage_days after insert on ledger_entries
      referencing new table as entries for each statement execute function keep_usage_days();
    insert into usage_days (account_id, currency, day, api_key_id, micros)
      select mine.account_id, mine.currency, (booked.created_at at time zone 'UTC')::date, null,
          -sum(entry.amount_micros)
        from ledger_entries entry
          join ledger_transactions booked on booked.id = entry.transaction_id and booked.kind = 'usage'
          join ledger_accounts mine on mine.id = entry.ledger_account_id
            and mine.kind = 'credits' and mine.account_id is not null
        group by 1, 2, 3;

    -- Accounts that were told of something; without a row nothing ever ran low.
    create table depletions (
      account_id uuid primary key references accounts,
      stage text not null check (stage in ('ok', 'low-24h', 'low-6h', 'low-1h', 'depleted')),
      -- The most that was told since credits last rose, when, and the balance then.
      told text not null,
      told_at timestamptz,
      told_balance_micros bigint,
      depleted_at timestamptz,
      -- What is used while depleted is charged down to here, never below; 0 or less.
      floor_micros bigint check (floor_micros <= 0),
      -- Seven days after it, things are deleted; null where the operator has not configured that.
      reclaim_from timestamptz,
      -- The last day that a reminder was sent of; 0: none.
      reminded_day int not null default 0,
      updated_at timestamptz not null,
      check ((stage = 'depleted') = (depleted_at is not null)),
      check ((stage = 'depleted') = (floor_micros is not null))
    );

    -- What was told of a budget in its month.
    create table budget_watches (
      account_id uuid not null references accounts,
      -- Null: the account's own budget.
      api_key_id uuid references api_keys,
      month date not null,
      -- Percent of the cap: 0, 50, 80 or 100.
      told int not null,
      reached_at timestamptz,
      unique nulls not distinct (account_id, api_key_id)
    );
  `.execute(db)
}
