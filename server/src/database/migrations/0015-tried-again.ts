import { type Kysely, sql } from 'kysely'

/**
 * A snapshot of a policy that failed is tried again within its slot, as another attempt at it. A guest
 * that says nothing of its first boot is asked less and less often, and at last no more.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table snapshots
      -- 1 for the first; of no meaning without a policy.
      add column policy_attempt int not null default 1 check (policy_attempt >= 1);
    drop index snapshots_policy_slot;
    create unique index snapshots_policy_slot
      on snapshots (policy_id, instance_id, policy_slot, policy_attempt) where policy_id is not null;

    alter table startup_logs
      -- Times in a row that the guest was asked and said nothing.
      add column unanswered int not null default 0 check (unanswered >= 0),
      -- Not before then; null: as soon as possible.
      add column ask_at timestamptz;
  `.execute(db)
}
