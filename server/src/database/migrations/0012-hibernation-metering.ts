import { type Kysely, sql } from 'kysely'

/** Hibernated instances are billed too, at the rate that was told when they were hibernated. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create or replace function meter_instance() returns trigger language plpgsql as $$
    declare
      rate_name text := case
        when new.status in ('ACTIVE', 'SHUTOFF') then 'full'
        when new.status = 'HIBERNATED' then 'hibernated'
      end;
      rate_micros bigint := case
        when new.status = 'HIBERNATED' then coalesce(new.hibernation_rate_micros, 0)
        else new.hourly_rate_micros
      end;
    begin
      if tg_op = 'UPDATE' and old.status = new.status then return null; end if;
      perform end_billing_record(new.id, new.updated_at);
      if rate_name is not null then
        insert into billing_records (
          billing_id, account_id, resource_kind, resource_id, resource_public_id, resource_name,
          tier, gpu_model, gpu_count, rate, hourly_rate_micros, currency, started_at, metered_until
        ) values (
          new.public_id || 'B', new.account_id, 'instance', new.id, new.public_id, new.name,
          new.tier, new.gpu_model, new.gpu_count, rate_name, rate_micros, new.currency,
          new.updated_at, new.updated_at
        );
      end if;
      return null;
    end $$;
  `.execute(db)
}
