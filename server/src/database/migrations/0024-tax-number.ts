import { type Kysely, sql } from 'kysely'

/** GSTIN or VAT number of whoever is billed; receipts show it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table accounts add column tax_id text`.execute(db)
}
