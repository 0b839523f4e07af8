import { type Kysely, sql } from 'kysely'

/** What operators decide: prices from a moment on, hosts that take no more, limits and suspensions. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create sequence price_revision as bigint;
    create table price_changes (
      id uuid primary key,
      -- Of what; item is a flavor, a GPU model, TIER/TYPE of volumes, or '' where there is only one.
      kind text not null check (kind in ('flavor', 'gpu_model', 'volume', 'snapshot', 'hibernated')),
      item text not null check ((item = '') = (kind in ('snapshot', 'hibernated'))),
      -- Micro-units per hour, of the unit that garrison.yaml has for it.
      usd_micros bigint not null check (usd_micros >= 0),
      eur_micros bigint not null check (eur_micros >= 0),
      inr_micros bigint not null check (inr_micros >= 0),
      effective_from timestamptz not null,
      reason text not null default '',
      -- Grows with every change to this table, so that whoever remembers prices sees that he is behind.
      revision bigint not null default nextval('price_revision'),
      account_id uuid not null references accounts,
      created_at timestamptz not null,
      -- What runs has been given the price.
      applied_at timestamptz,
      withdrawn_at timestamptz,
      check (applied_at is null or withdrawn_at is null)
    );
    create unique index price_changes_moment on price_changes (kind, item, effective_from)
      where withdrawn_at is null;
    create index price_changes_due on price_changes (effective_from)
      where applied_at is null and withdrawn_at is null;
    create index price_changes_revision on price_changes (revision desc);
    create index price_changes_page on price_changes (effective_from desc, id);

    -- What is billed of a resource costs so much from a moment on. A minute costs what is valid when it
    -- ends: the record ends at the last whole minute before the moment and another goes on there, so
    -- that no minute is in both or in neither. Minutes that were metered before stay as they are.
    -- "micros" is for each "per_gb" GB of the record, or for all of it where that is null.
    create function reprice_records(
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
          else round(micros::numeric * coalesce(rec.size_gb, 0) / per_gb) end;
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
          tier, gpu_model, gpu_count, size_gb, rate, hourly_rate_micros, currency,
          started_at, ended_at, metered_until
        ) values (
          rec.billing_id, rec.account_id, rec.resource_kind, rec.resource_id, rec.resource_public_id,
          rec.resource_name, rec.tier, rec.gpu_model, rec.gpu_count, rec.size_gb, rec.rate, new_rate,
          rec.currency, boundary, rec.ended_at, boundary
        );
      end loop;
    end $$;
  `.execute(db)

  await sql`
    create table drained_hosts (
      region text not null,
      host text not null,
      reason text not null default '',
      drained_at timestamptz not null,
      primary key (region, host)
    );

    create table account_controls (
      account_id uuid primary key references accounts,
      -- Null: no limit.
      max_instances int check (max_instances >= 0),
      max_vcpus int check (max_vcpus >= 0),
      max_memory_gb int check (max_memory_gb >= 0),
      max_volume_gb int check (max_volume_gb >= 0),
      max_snapshots int check (max_snapshots >= 0),
      max_gpus int check (max_gpus >= 0),
      suspended_at timestamptz,
      suspended_reason text,
      check (num_nulls(suspended_at, suspended_reason) in (0, 2))
    );

    -- Times that the step was begun: once more each time that its runner went away.
    alter table operation_steps add column attempts int not null default 1;
    -- Why an operator cancelled it. Then nobody else has said what is to become of its subject.
    alter table operations add column cancel_reason text;
    create index operations_failed on operations (finished_at desc, id) where state = 'failed';
  `.execute(db)
}
