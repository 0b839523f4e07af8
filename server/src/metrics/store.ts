/** What machines have used, minute by minute. The sampler writes for all accounts; reading asks for one. */
import type { Insertable, Selectable } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type Sample = Omit<Selectable<Schema['instance_samples']>, 'instance_id' | 'minute_of_day'>

/** Machines of a region that should run, whoever owns them. */
export function machinesToSample(db: Database, region: string) {
  return db
    .selectFrom('instances')
    .select(['id', 'vcpus'])
    .where('region', '=', region)
    .where('status', '=', 'ACTIVE')
    .execute()
}

/** In place of what was written a day before. */
export async function putSample(db: Database, sample: Insertable<Schema['instance_samples']>) {
  await db
    .insertInto('instance_samples')
    .values(sample)
    .onConflict((conflict) =>
      conflict.columns(['instance_id', 'minute_of_day']).doUpdateSet((excluded) => {
        const columns = Object.keys(sample) as (keyof typeof sample)[]
        return Object.fromEntries(
          columns.map((column) => [column, excluded.ref(`excluded.${column}`)]),
        )
      }),
    )
    .execute()
}

/** Oldest first, of this account's machine. */
export function samplesBetween(
  db: Database,
  accountId: string,
  instanceId: string,
  from: Date,
  to: Date,
): Promise<Sample[]> {
  return db
    .selectFrom('instance_samples as sample')
    .innerJoin('instances as instance', 'instance.id', 'sample.instance_id')
    .selectAll('sample')
    .where('instance.account_id', '=', accountId)
    .where('sample.instance_id', '=', instanceId)
    .where('sample.at', '>=', from)
    .where('sample.at', '<=', to)
    .orderBy('sample.at')
    .execute()
}

export async function deleteSamplesBefore(db: Database, before: Date) {
  await db.deleteFrom('instance_samples').where('at', '<', before).execute()
}
