import { type Kysely, sql } from 'kysely'

/**
 * Whether an instance is to have a public address, and the one that it has. `detached`: it had one, and
 * gave it back.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table instances
      add column public_ip text not null default 'none'
        check (public_ip in ('none', 'attached', 'detached')),
      add column public_address text;
  `.execute(db)
}
