/** Tokens in the database: by their hash, for one machine, one kind of line, one use. */
import type { LineKind } from '@garrison/contract/instances/console-routes'
import type { Insertable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export async function insertToken(tx: Tx, token: Insertable<Schema['console_tokens']>) {
  await tx.insertInto('console_tokens').values(token).execute()
}

/** Of the machine, so that nobody fills the table. */
export async function countLiveTokens(tx: Tx, instanceId: string, now: Date) {
  const { n } = await tx
    .selectFrom('console_tokens')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('instance_id', '=', instanceId)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** Takes it out: whoever comes second finds nothing. Answers who asked for it. */
export async function takeToken(
  tx: Tx,
  wanted: { hash: Buffer; instancePublicId: string; kind: LineKind; now: Date },
) {
  return tx
    .deleteFrom('console_tokens')
    .using('instances')
    .whereRef('instances.id', '=', 'console_tokens.instance_id')
    .where('instances.public_id', '=', wanted.instancePublicId)
    .where('console_tokens.hash', '=', wanted.hash)
    .where('console_tokens.kind', '=', wanted.kind)
    .where('console_tokens.expires_at', '>', wanted.now)
    .returning(['console_tokens.api_key_id', 'console_tokens.person_id'])
    .executeTakeFirst()
}

export async function deleteExpiredTokens(db: Database | Tx, now: Date) {
  await db.deleteFrom('console_tokens').where('expires_at', '<=', now).execute()
}
