import { type Kysely, sql } from 'kysely'

/**
 * Who the people of an account are, what they and its keys may do, and who of them did what, with what
 * was there before and after.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table people (
      id uuid primary key,
      account_id uuid not null references accounts,
      -- Null only for whoever set the host up and has not said.
      email text,
      name text not null default '',
      role text not null check (role in ('owner', 'member', 'operator')),
      -- Whom signing in knows them as; null until they have.
      auth_user_id text,
      invited_at timestamptz,
      -- SHA-256 of what the mail's link carries; null once it was used.
      invitation_hash bytea unique,
      invitation_expires_at timestamptz,
      -- Null while they are only invited.
      joined_at timestamptz,
      removed_at timestamptz,
      created_at timestamptz not null,
      check (num_nonnulls(invited_at, joined_at) >= 1),
      check (num_nulls(invitation_hash, invitation_expires_at) in (0, 2))
    );
    create unique index people_email on people (account_id, lower(email)) where removed_at is null;
    -- Invited to many, of one.
    create unique index people_one_account on people (lower(email))
      where joined_at is not null and removed_at is null;
    create unique index people_auth_user on people (auth_user_id) where removed_at is null;
    create index people_account on people (account_id, created_at, id);

    alter table api_keys
      add column role text not null default 'owner' check (role in ('owner', 'member', 'operator')),
      add column access text not null default 'full' check (access in ('full', 'read-only')),
      -- Who made it; null: whoever has the host.
      add column person_id uuid references people;
    create index api_keys_person on api_keys (person_id) where revoked_at is null;
    -- The key of whoever runs the host.
    update api_keys set role = 'operator'
    where lower(name) = 'up' and revoked_at is null
      and account_id = (select id from accounts order by created_at, id limit 1);

    alter table console_tokens
      alter column api_key_id drop not null,
      add column person_id uuid references people on delete cascade,
      add check (num_nonnulls(api_key_id, person_id) >= 1);

    alter table audit_log
      add column person_id uuid,
      add column before jsonb,
      add column after jsonb;
    create index audit_log_subject on audit_log (account_id, subject_id, created_at desc, id desc);
  `.execute(db)
}
