import { type Kysely, sql } from 'kysely'

/**
 * Buying credits. What the payment provider tells is kept as facts (a payment, a refund), each once whatever
 * the order in which it is told and how often; what is booked follows from them, under a lock on the order.
 *
 * The credit history gets a table of its own: a row for each movement, and one for each hour of usage,
 * written by a trigger in the transaction that books. So a page of it costs the same however long the
 * account has existed.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table credit_orders (
      id uuid primary key,
      public_id text not null unique,
      account_id uuid not null references accounts,
      state text not null check (state in (
        'creating', 'open', 'paid', 'partially_refunded', 'refunded', 'expired', 'review', 'failed'
      )),
      provider text not null,
      -- Null until the provider has made it.
      provider_order_id text,
      -- Null: an amount of the buyer's own.
      package text,
      currency text not null check (currency in ('USD', 'EUR', 'INR')),
      base_micros bigint not null check (base_micros > 0),
      tax_micros bigint not null check (tax_micros >= 0),
      -- What the tax is and why it was added; null where there is none.
      tax_rule jsonb,
      refunded_micros bigint not null default 0,
      -- Of what was refunded.
      refunded_tax_micros bigint not null default 0,
      -- As they were when the order was made: a receipt does not change with the profile.
      buyer jsonb not null,
      seller jsonb not null,
      -- Which of its payments was credited.
      payment_id uuid,
      receipt_number text unique,
      problem text,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      updated_at timestamptz not null,
      paid_at timestamptz,
      -- When the provider is asked about it; null: no more.
      ask_at timestamptz,
      unique (provider, provider_order_id),
      check (refunded_micros between 0 and base_micros + tax_micros),
      check ((state in ('paid', 'partially_refunded', 'refunded')) = (payment_id is not null)),
      check ((payment_id is null) = (receipt_number is null))
    );
    create index credit_orders_page on credit_orders (account_id, created_at desc, id desc);
    create index credit_orders_ask on credit_orders (ask_at) where ask_at is not null;
    create trigger count_credit_orders after insert or delete on credit_orders
      for each row execute function count_alive();

    -- Money that the provider has taken for an order, credited or not.
    create table credit_payments (
      id uuid primary key,
      account_id uuid not null references accounts,
      order_id uuid not null references credit_orders,
      provider text not null,
      provider_payment_id text not null,
      -- In the currency that was paid, which may not be the order's; the provider knows more of them than we.
      amount_micros bigint not null,
      currency text not null,
      -- Null: credited. Otherwise why it was not.
      problem text,
      created_at timestamptz not null,
      unique (provider, provider_payment_id)
    );
    create index credit_payments_order on credit_payments (order_id);
    alter table credit_orders add foreign key (payment_id) references credit_payments;

    create table credit_refunds (
      id uuid primary key,
      provider text not null,
      provider_payment_id text not null,
      -- Null while nobody knows whether the provider has made it.
      provider_refund_id text,
      -- Null while it is about a payment that we have not heard of.
      account_id uuid references accounts,
      order_id uuid references credit_orders,
      source text not null check (source in ('operator', 'provider')),
      state text not null check (state in ('requested', 'processed', 'failed')),
      amount_micros bigint not null check (amount_micros > 0),
      currency text not null,
      -- What it took back from credits and from tax; null while it is not booked.
      credits_micros bigint,
      tax_micros bigint,
      reason text,
      problem text,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      -- When the provider is asked to make it; null: it has, or will not.
      ask_at timestamptz,
      unique (provider, provider_refund_id)
    );
    create index credit_refunds_order on credit_refunds (order_id);
    create index credit_refunds_payment on credit_refunds (provider, provider_payment_id);
    create index credit_refunds_ask on credit_refunds (ask_at) where ask_at is not null;

    -- Receipts are numbered without gaps, as tax offices like it: a sequence would leave some out.
    create table receipt_numbers (year int primary key, last int not null);
  `.execute(db)

  await sql`
    -- An entry's reference to its account is locked first, which "for update" would wait for: two who post to
    -- the same account at the same time waited for each other.
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

  await sql`
    create table credit_movements (
      id bigint generated always as identity primary key,
      account_id uuid not null references accounts,
      currency text not null,
      kind text not null,
      description text not null,
      -- Of usage null: the rest of its hour is added to the same row.
      transaction_id uuid references ledger_transactions,
      reference text,
      amount_micros bigint not null,
      -- Of usage, the beginning of its hour.
      at timestamptz not null
    );
    create unique index credit_movements_hour on credit_movements (account_id, currency, at)
      where kind = 'usage';
    create index credit_movements_page on credit_movements (account_id, currency, at desc, id desc);

    create function keep_movements() returns trigger language plpgsql as $$
    begin
      insert into credit_movements
        (account_id, currency, kind, description, transaction_id, reference, amount_micros, at)
      select mine.account_id, mine.currency, booked.kind,
          case when booked.kind = 'usage' then 'Usage' else min(booked.description) end,
          case when booked.kind <> 'usage' then booked.id end,
          case when booked.kind <> 'usage' then min(booked.reference) end,
          sum(entry.amount_micros),
          case when booked.kind = 'usage' then date_trunc('hour', booked.created_at, 'UTC')
            else booked.created_at end as moment
        from entries entry
          join ledger_accounts mine on mine.id = entry.ledger_account_id
            and mine.account_id is not null and mine.kind = 'credits'
          join ledger_transactions booked on booked.id = entry.transaction_id
        group by mine.account_id, mine.currency, booked.kind,
          case when booked.kind <> 'usage' then booked.id end, moment
        order by mine.account_id, mine.currency, moment
      on conflict (account_id, currency, at) where kind = 'usage'
        do update set amount_micros = credit_movements.amount_micros + excluded.amount_micros;
      return null;
    end $$;
    -- After keep_balance, whose locks put postings to one account in a row: triggers run by name.
    create trigger keep_movements after insert on ledger_entries
      referencing new table as entries for each statement execute function keep_movements();

    insert into credit_movements
      (account_id, currency, kind, description, transaction_id, reference, amount_micros, at)
    select mine.account_id, mine.currency, booked.kind,
        case when booked.kind = 'usage' then 'Usage' else min(booked.description) end,
        case when booked.kind <> 'usage' then booked.id end,
        case when booked.kind <> 'usage' then min(booked.reference) end,
        sum(entry.amount_micros),
        case when booked.kind = 'usage' then date_trunc('hour', booked.created_at, 'UTC')
          else booked.created_at end as moment
      from ledger_entries entry
        join ledger_accounts mine on mine.id = entry.ledger_account_id
          and mine.account_id is not null and mine.kind = 'credits'
        join ledger_transactions booked on booked.id = entry.transaction_id
      group by mine.account_id, mine.currency, booked.kind,
        case when booked.kind <> 'usage' then booked.id end, moment
      order by moment;
  `.execute(db)
}
