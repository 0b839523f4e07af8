import { type Kysely, sql } from 'kysely'

/**
 * Volumes are billed by their size for as long as they exist, attached or not, at the price that they
 * were made at. One that grows ends its record and begins another.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Micro-units for each TB (1000 GB) and hour.
    alter table volumes
      add column tb_rate_micros bigint not null default 0 check (tb_rate_micros >= 0),
      add column currency text not null default 'USD' check (currency in ('USD', 'EUR', 'INR'));
    alter table volumes alter column tb_rate_micros drop default, alter column currency drop default;

    alter table billing_records
      drop constraint billing_records_resource_kind_check,
      add constraint billing_records_resource_kind_check
        check (resource_kind in ('instance', 'snapshot', 'volume'));

    create function meter_volume() returns trigger language plpgsql as $$
    declare
      -- Not while it is made or removed, and not when either failed.
      was boolean := tg_op = 'UPDATE'
        and old.status in ('available', 'attaching', 'in-use', 'detaching', 'resizing');
      is_billed boolean := new.status in ('available', 'attaching', 'in-use', 'detaching', 'resizing');
    begin
      if was = is_billed and (not is_billed or old.size_gb = new.size_gb) then return null; end if;
      perform end_billing_record(new.id, new.updated_at);
      if is_billed then
        insert into billing_records (
          billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
          tier, size_gb, rate, hourly_rate_micros, currency, started_at, metered_until
        ) values (
          'VBILL_' || substr(md5(gen_random_uuid()::text), 1, 10),
          new.account_id, 'volume', new.id, new.public_id, new.name,
          new.tier, new.size_gb, 'storage', round(new.tb_rate_micros::numeric * new.size_gb / 1000),
          new.currency, new.updated_at, new.updated_at
        );
      end if;
      return null;
    end $$;
    create trigger meter_volume after insert or update of status, size_gb on volumes
      for each row execute function meter_volume();
  `.execute(db)
}
