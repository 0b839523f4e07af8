import { type Kysely, sql } from 'kysely'

/**
 * Snapshots of microVMs are metered by their bytes while they can be started from, as those of instances are
 * by their disks. Public ones are the installation's and free, and so are those that a clone makes on its
 * way. What was taken before this was taken without a price, and has no record.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table microvm_snapshots
      -- For each 100 GB (10^9 bytes), for an hour.
      add column hundred_gb_rate_micros bigint not null default 0
        check (hundred_gb_rate_micros >= 0),
      add column currency text not null default 'USD' check (currency in ('USD', 'EUR', 'INR')),
      add column tier text not null default 'legacy';

    update microvm_snapshots snapshot set currency = account.currency
      from accounts account where account.id = snapshot.account_id;

    alter table billing_records
      -- Where GB are too coarse.
      add column size_bytes bigint,
      drop constraint billing_records_resource_kind_check,
      add constraint billing_records_resource_kind_check check
        (resource_kind in ('instance', 'snapshot', 'volume', 'microvm', 'microvm-snapshot'));

    create or replace function record_bears_key() returns trigger language plpgsql as $$
    begin
      new.api_key_id := case new.resource_kind
        when 'instance' then (select api_key_id from instances where id = new.resource_id)
        when 'snapshot' then (select api_key_id from snapshots where id = new.resource_id)
        when 'volume' then (select api_key_id from volumes where id = new.resource_id)
        when 'microvm' then (select api_key_id from microvms where id = new.resource_id)
        when 'microvm-snapshot' then (select api_key_id from microvm_snapshots where id = new.resource_id)
      end;
      return new;
    end $$;

    create function meter_microvm_snapshot() returns trigger language plpgsql as $$
    declare
      was boolean := tg_op = 'UPDATE' and old.status = 'ready' and old.deleted_at is null;
      is_kept boolean := new.status = 'ready' and new.deleted_at is null;
    begin
      if was = is_kept or new.is_public or new.hidden then return null; end if;
      if not is_kept then
        perform end_billing_record(new.id, new.updated_at);
        return null;
      end if;
      insert into billing_records (
        billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
        tier, size_bytes, rate, hourly_rate_micros, currency, started_at, metered_until
      ) values (
        new.public_id, new.account_id, 'microvm-snapshot', new.id, new.public_id,
        coalesce(new.name, new.public_id), new.tier, new.size_bytes, 'storage',
        round(new.hundred_gb_rate_micros::numeric * new.size_bytes / 1e11), new.currency,
        new.updated_at, new.updated_at
      );
      return null;
    end $$;
    create trigger meter_microvm_snapshot after insert or update of status, deleted_at
      on microvm_snapshots for each row execute function meter_microvm_snapshot();

    -- As before, and by bytes where a record has them.
    create or replace function reprice_records(
      resource uuid, rate_name text, micros bigint, per_gb int, since timestamptz
    ) returns void language plpgsql as $$
    declare
      rec billing_records;
      new_rate bigint;
      kept bigint;
      boundary timestamptz;
    begin
      for rec in
        select * from billing_records
        where resource_id = resource and rate = rate_name and metered_until is not null
          and (ended_at is null or ended_at > since)
        order by id for update
      loop
        new_rate := case when per_gb is null then micros
          else round(
            micros::numeric * coalesce(rec.size_bytes / 1e9, rec.size_gb, 0) / per_gb
          ) end;
        if new_rate = rec.hourly_rate_micros then continue; end if;
        kept := greatest(
          rec.minutes, floor(extract(epoch from since - rec.started_at) / 60)::bigint, 0
        );
        if kept = 0 then
          update billing_records set hourly_rate_micros = new_rate where id = rec.id;
          continue;
        end if;
        boundary := rec.started_at + kept * interval '1 minute';
        if rec.ended_at < boundary + interval '1 minute' then continue; end if;
        update billing_records set ended_at = boundary where id = rec.id;
        insert into billing_records (
          billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
          tier, gpu_model, gpu_count, size_gb, size_bytes, rate, hourly_rate_micros, currency,
          started_at, ended_at, metered_until
        ) values (
          rec.billing_id, rec.account_id, rec.resource_kind, rec.resource_id, rec.resource_public_id,
          rec.resource_name, rec.tier, rec.gpu_model, rec.gpu_count, rec.size_gb, rec.size_bytes,
          rec.rate, new_rate, rec.currency, boundary, rec.ended_at, boundary
        );
      end loop;
    end $$;
  `.execute(db)
}
