import { type Kysely, sql } from 'kysely'

/**
 * The meter goes through what is due account by account, by an index of its own, so that each account is
 * booked once a round. That entries balance is checked once for each statement that writes some, over all
 * of its transactions, rather than once for each row at the commit.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create index billing_records_to_meter on billing_records (account_id, id)
      where metered_until is not null;
    drop index billing_records_due;
    drop index billing_records_unsettled;

    drop trigger ledger_balances on ledger_entries;
    drop function ledger_must_balance();
    create function ledger_must_balance() returns trigger language plpgsql as $$
    declare
      wrong uuid;
    begin
      select entry.transaction_id into wrong
        from ledger_entries entry join ledger_accounts account on account.id = entry.ledger_account_id
        where entry.transaction_id in (select transaction_id from entries)
        group by entry.transaction_id, account.currency
        having sum(entry.amount_micros) <> 0
        limit 1;
      if wrong is not null then
        raise exception 'ledger transaction % does not balance', wrong;
      end if;
      return null;
    end $$;
    -- What is written is never changed, so that nothing but inserting can unbalance.
    create trigger ledger_balances after insert on ledger_entries
      referencing new table as entries for each statement execute function ledger_must_balance();
  `.execute(db)
}
