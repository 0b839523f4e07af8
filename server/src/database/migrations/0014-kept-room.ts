import { type Kysely, sql } from 'kysely'

/**
 * What is kept for a deployment that has waited for long is the room that it needs and no more of the
 * host, and only for some hours. What it was told to do on its first boot is settled when it is asked for.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table deploy_requests
      -- {vcpus, memoryMib, diskGb, gpu: {model, count} | null}
      add column kept_need jsonb,
      -- Stays when the keeping has ended: a request has room kept for it once.
      add column kept_until timestamptz,
      -- {script, jupyterHash}; with request, and gone with it.
      add column first_boot jsonb;
    -- Those that still wait are given it again, by the rule of now.
    update deploy_requests set kept_region = null, kept_host = null where kept_host is not null;
    alter table deploy_requests
      add check (num_nulls(kept_region, kept_host, kept_need) in (0, 3)),
      add check (kept_need is null or kept_until is not null);
  `.execute(db)
}
