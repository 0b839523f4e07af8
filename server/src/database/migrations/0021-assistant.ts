import { type Kysely, sql } from 'kysely'

/**
 * A row for each call of a model: what it holds of the balance while it runs, and what it came to. Nothing
 * of what was said.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table ai_transactions (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      api_key_id uuid,
      model text not null,
      status text not null check (status in ('running', 'completed', 'failed')),
      currency text not null check (currency in ('USD', 'EUR', 'INR')),
      -- Nobody else may spend this while the call runs; it costs no more than that.
      held_micros bigint not null check (held_micros >= 0),
      -- A call that still runs then is gone, with its process.
      held_until timestamptz not null,
      prompt_tokens bigint not null default 0,
      completion_tokens bigint not null default 0,
      cost_micros bigint not null default 0 check (cost_micros between 0 and held_micros),
      -- 0 where nothing is charged.
      charged_micros bigint not null default 0 check (charged_micros in (0, cost_micros)),
      created_at timestamptz not null,
      ended_at timestamptz,
      check ((status = 'running') = (ended_at is null))
    );
    create index ai_transactions_page on ai_transactions (account_id, created_at desc, id desc);
    create index ai_transactions_running on ai_transactions (account_id) where status = 'running';
  `.execute(db)

  // An entry refers to the row of its account, which shares that row's key; who then wants the row for
  // itself alone waits for everybody who has an entry on the way, and they for him. Two calls of one
  // account that end together would. Its key never changes, so the weaker lock does the same.
  await sql`
    create or replace function keep_balance() returns trigger language plpgsql as $$
    begin
      -- In one order, or two postings could wait for each other.
      perform from ledger_accounts
        where id in (select ledger_account_id from entries) and account_id is not null
        order by id for no key update;
      update ledger_accounts a set balance_micros = a.balance_micros + s.sum from (
        select ledger_account_id, sum(amount_micros) from entries group by ledger_account_id
      ) s where s.ledger_account_id = a.id and a.account_id is not null;
      return null;
    end $$;
  `.execute(db)
}
