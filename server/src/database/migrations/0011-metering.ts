import { type Kysely, sql } from 'kysely'

/**
 * What is used, by whom, since when and at which rate. A record is opened and closed by triggers, in the
 * transaction that changes the state of an instance or a snapshot, at that change's own time: no path
 * through the code can forget it, and a server that was down has lost nothing when it charges later.
 *
 * An account's balance is kept beside its entries, which are never changed, so that reading it costs the
 * same however long the account has existed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table billing_records (
      id bigint generated always as identity primary key,
      billing_id text not null,
      account_id uuid not null references accounts,
      resource_kind text not null check (resource_kind in ('instance', 'snapshot')),
      resource_id uuid not null,
      resource_public_id text not null,
      resource_name text not null,
      tier text not null,
      gpu_model text,
      gpu_count int,
      size_gb int,
      -- What of: 'full' and 'hibernated' instances, 'storage'.
      rate text not null,
      hourly_rate_micros bigint not null check (hourly_rate_micros >= 0),
      currency text not null check (currency in ('USD', 'EUR', 'INR')),
      started_at timestamptz not null,
      ended_at timestamptz,
      -- Whole minutes that are metered, what they cost, and what of that was taken from credits.
      minutes bigint not null default 0,
      cost_micros bigint not null default 0,
      charged_micros bigint not null default 0,
      -- started_at and the minutes; null once it has ended and everything is metered.
      metered_until timestamptz
    );
    create unique index billing_records_open on billing_records (resource_id) where ended_at is null;
    create index billing_records_due on billing_records (metered_until) where metered_until is not null;
    create index billing_records_unsettled on billing_records (id)
      where metered_until is not null and ended_at is not null;
    create index billing_records_page on billing_records
      (account_id, resource_kind, started_at desc, id desc);
    create index billing_records_resource on billing_records (resource_id);

    create function end_billing_record(resource uuid, at timestamptz) returns void language sql as $$
      update billing_records set ended_at = greatest(at, started_at)
      where resource_id = resource and ended_at is null;
    $$;

    create function meter_instance() returns trigger language plpgsql as $$
    declare
      rate_name text := case when new.status in ('ACTIVE', 'SHUTOFF') then 'full' end;
    begin
      if tg_op = 'UPDATE' and old.status = new.status then return null; end if;
      perform end_billing_record(new.id, new.updated_at);
      if rate_name is not null then
        insert into billing_records (
          billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
          tier, gpu_model, gpu_count, rate, hourly_rate_micros, currency, started_at, metered_until
        ) values (
          new.public_id || 'B', new.account_id, 'instance', new.id, new.public_id, new.name,
          new.tier, new.gpu_model, new.gpu_count, rate_name, new.hourly_rate_micros, new.currency,
          new.updated_at, new.updated_at
        );
      end if;
      return null;
    end $$;
    create trigger meter_instance after insert or update of status on instances
      for each row execute function meter_instance();

    create function meter_snapshot() returns trigger language plpgsql as $$
    begin
      if tg_op = 'UPDATE' and (old.status = 'SUCCESS') = (new.status = 'SUCCESS') then return null; end if;
      perform end_billing_record(new.id, new.updated_at);
      if new.status = 'SUCCESS' then
        insert into billing_records (
          billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
          tier, size_gb, rate, hourly_rate_micros, currency, started_at, metered_until
        ) values (
          new.public_id || 'B', new.account_id, 'snapshot', new.id, new.public_id, new.name,
          new.tier, new.disk_gb, 'storage', new.hourly_rate_micros, new.currency,
          new.updated_at, new.updated_at
        );
      end if;
      return null;
    end $$;
    create trigger meter_snapshot after insert or update of status on snapshots
      for each row execute function meter_snapshot();

    -- What exists already is billed from now on.
    insert into billing_records (
      billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
      tier, gpu_model, gpu_count, size_gb, rate, hourly_rate_micros, currency, started_at, metered_until
    )
    select public_id || 'B', account_id, 'instance', id, public_id, name,
        tier, gpu_model, gpu_count, null, 'full', hourly_rate_micros, currency, now(), now()
      from instances where status in ('ACTIVE', 'SHUTOFF')
    union all
    select public_id || 'B', account_id, 'snapshot', id, public_id, name,
        tier, null, null, disk_gb, 'storage', hourly_rate_micros, currency, now(), now()
      from snapshots where status = 'SUCCESS';
  `.execute(db)

  await sql`
    -- Of people's accounts only: everybody's postings would wait for one row of the house.
    alter table ledger_accounts add column balance_micros bigint not null default 0;
    update ledger_accounts a set balance_micros = s.sum from (
      select ledger_account_id, sum(amount_micros) from ledger_entries group by ledger_account_id
    ) s where s.ledger_account_id = a.id and a.account_id is not null;

    create function keep_balance() returns trigger language plpgsql as $$
    begin
      -- In one order, or two postings could wait for each other.
      perform from ledger_accounts
        where id in (select ledger_account_id from entries) and account_id is not null
        order by id for update;
      update ledger_accounts a set balance_micros = a.balance_micros + s.sum from (
        select ledger_account_id, sum(amount_micros) from entries group by ledger_account_id
      ) s where s.ledger_account_id = a.id and a.account_id is not null;
      return null;
    end $$;
    create trigger keep_balance after insert on ledger_entries
      referencing new table as entries for each statement execute function keep_balance();
    create function entries_are_final() returns trigger language plpgsql as $$
    begin
      raise exception 'ledger entries are never changed; post another transaction';
    end $$;
    create trigger entries_are_final before update or delete on ledger_entries
      for each statement execute function entries_are_final();
  `.execute(db)
}
