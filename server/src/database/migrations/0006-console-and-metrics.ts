import { type Kysely, sql } from 'kysely'

/**
 * Tokens that open a websocket once, of which only the hash is kept, and what machines have used.
 *
 * A machine has one row of counters for each minute of a day, which the next day's replaces: so no machine
 * has more than 1,440, however long it lives and whatever becomes of the housekeeping.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table console_tokens (
      hash bytea primary key,
      instance_id uuid not null references instances on delete cascade,
      api_key_id uuid not null references api_keys on delete cascade,
      kind text not null,
      expires_at timestamptz not null
    );
    create index console_tokens_instance on console_tokens (instance_id);
    create index console_tokens_expiry on console_tokens (expires_at);

    create table instance_samples (
      instance_id uuid not null references instances on delete cascade,
      minute_of_day smallint not null check (minute_of_day between 0 and 1439),
      at timestamptz not null,
      epoch text not null,
      vcpus int not null,
      cpu_seconds double precision not null,
      memory_used_bytes double precision,
      memory_total_bytes double precision,
      disk_read_bytes double precision not null,
      disk_write_bytes double precision not null,
      disk_read_ops double precision not null,
      disk_write_ops double precision not null,
      network_received_bytes double precision,
      network_sent_bytes double precision,
      gpu_percent double precision,
      gpu_memory_used_bytes double precision,
      primary key (instance_id, minute_of_day)
    );
    create index instance_samples_age on instance_samples (at);
  `.execute(db)
}
