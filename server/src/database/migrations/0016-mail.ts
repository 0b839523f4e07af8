import { type Kysely, sql } from 'kysely'

/** Mails are queued in the transaction that they tell about, and sent once it has committed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table mails (
      id uuid primary key,
      account_id uuid references accounts on delete cascade,
      recipient text not null,
      subject text not null,
      -- Null once it was sent or given up: it may hold a code or a link that opens an account.
      body text,
      created_at timestamptz not null,
      attempts int not null default 0 check (attempts >= 0),
      -- Null: nothing more is to be done.
      next_attempt_at timestamptz,
      sent_at timestamptz,
      -- Why the last attempt failed.
      error text,
      check ((next_attempt_at is null) = (body is null))
    );
    create index mails_due on mails (next_attempt_at) where next_attempt_at is not null;
    create index mails_account on mails (account_id) where account_id is not null;
    create index mails_done on mails (created_at) where next_attempt_at is null;
  `.execute(db)
}
