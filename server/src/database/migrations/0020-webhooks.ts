import { type Kysely, sql } from 'kysely'

/** Addresses of an account's own that are told what happens, and what was sent to them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table webhooks (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      url text not null,
      description text,
      event_patterns text[] not null check (cardinality(event_patterns) > 0),
      enabled boolean not null default true,
      -- Why it was switched off, when it was not its owner who did.
      disabled_reason text,
      -- Signs; the old one too, until then.
      secret bytea not null,
      old_secret bytea,
      old_secret_until timestamptz,
      -- Nothing has arrived since; null when the last attempt went well.
      failing_since timestamptz,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      check ((old_secret is null) = (old_secret_until is null))
    );
    create index webhooks_page on webhooks (account_id, created_at desc, id desc);
    create trigger count_webhooks after insert or delete on webhooks
      for each row execute function count_alive();

    -- One for each event and webhook that wants it, and one more for each replay.
    create table webhook_deliveries (
      id uuid primary key,
      account_id uuid not null references accounts,
      webhook_id uuid not null references webhooks on delete cascade,
      -- The same for the replays of one message, so that its receiver knows it again.
      message_id text not null,
      event_kind text not null,
      -- The position of the event; null for a test.
      event_id bigint,
      -- Exactly what is sent, and signed.
      body text not null,
      status text not null check (status in ('pending', 'success', 'failed')),
      -- Oldest first: what was sent when, and what came of it.
      attempts jsonb not null default '[]',
      next_attempt_at timestamptz,
      -- Who is at it now, and until when nobody else may be.
      lease uuid,
      lease_until timestamptz,
      created_at timestamptz not null,
      finished_at timestamptz,
      check ((status = 'pending') = (next_attempt_at is not null))
    );
    create index webhook_deliveries_due on webhook_deliveries (webhook_id, next_attempt_at)
      where status = 'pending';
    create index webhook_deliveries_page on webhook_deliveries (webhook_id, created_at desc, id desc);
    create index webhook_deliveries_age on webhook_deliveries (finished_at);
  `.execute(db)
}
