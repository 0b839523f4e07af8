import { type Kysely, sql } from 'kysely'

/**
 * The tables of the library that signs people in, in a schema and with names of its own choice; a test
 * asks it whether something is missing. Our `people.auth_user_id` is its `user.id`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create schema auth;

    create table auth.user (
      id uuid primary key default gen_random_uuid(),
      name text not null,
      email text not null unique,
      "emailVerified" boolean not null,
      image text,
      "createdAt" timestamptz not null default current_timestamp,
      "updatedAt" timestamptz not null default current_timestamp
    );

    create table auth.session (
      id uuid primary key default gen_random_uuid(),
      "expiresAt" timestamptz not null,
      token text not null unique,
      "createdAt" timestamptz not null default current_timestamp,
      "updatedAt" timestamptz not null,
      "ipAddress" text,
      "userAgent" text,
      "userId" uuid not null references auth.user on delete cascade
    );
    create index "session_userId_idx" on auth.session ("userId");
    create index "session_expiresAt_idx" on auth.session ("expiresAt");

    -- Ways of one user to sign in: a password, or an identity at a provider.
    create table auth.account (
      id uuid primary key default gen_random_uuid(),
      "accountId" text not null,
      "providerId" text not null,
      "userId" uuid not null references auth.user on delete cascade,
      "accessToken" text,
      "refreshToken" text,
      "idToken" text,
      "accessTokenExpiresAt" timestamptz,
      "refreshTokenExpiresAt" timestamptz,
      scope text,
      password text,
      "createdAt" timestamptz not null default current_timestamp,
      "updatedAt" timestamptz not null,
      unique ("providerId", "accountId")
    );
    create index "account_userId_idx" on auth.account ("userId");

    -- Codes, links and states under way, under hashes of what opens them.
    create table auth.verification (
      id uuid primary key default gen_random_uuid(),
      identifier text not null,
      value text not null,
      "expiresAt" timestamptz not null,
      "createdAt" timestamptz not null default current_timestamp,
      "updatedAt" timestamptz not null default current_timestamp
    );
    create index verification_identifier_idx on auth.verification (identifier);
  `.execute(db)
}
