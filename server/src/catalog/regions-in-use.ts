/**
 * Where accounts have things, beside where this server is configured to run them. A region whose name was
 * mistyped or changed would look as if everything in it were lost, so a server does not start then unless
 * somebody says that it is meant.
 */
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'

/** What lies on hosts. The row stays for a while when the thing is gone, with `deleted_at`. */
export const keptOnHosts = [
  { table: 'instances', one: 'instance' },
  { table: 'snapshots', one: 'snapshot' },
  { table: 'images', one: 'image' },
  { table: 'volumes', one: 'volume' },
] as const

/** Every table whose rows are in a region and are somebody's; a test compares it with the database. */
export const keptInRegions = [
  ...keptOnHosts.map((kept) => ({ ...kept, while: 'deleted_at is null' })),
  { table: 'firewalls', one: 'firewall', while: 'true' },
  { table: 'microvms', one: 'microVM', while: 'ended_at is null' },
  {
    ...{ table: 'microvm_snapshots', one: 'microVM snapshot' },
    // The base is made anew wherever it is needed.
    while: "deleted_at is null and origin <> 'base'",
  },
] as const

/** `things`: "2 instances, 1 snapshot". */
export type RegionInUse = { readonly region: string; readonly things: string }

/** Regions in which anybody has anything, by name. */
export async function regionsInUse(db: Database): Promise<RegionInUse[]> {
  const counts = keptInRegions.map(
    ({ table, one, while: there }) => sql`
      select region, ${sql.lit(one)} as one, count(*)::int as count from ${sql.table(table)}
      where ${sql.raw(there)} group by region`,
  )
  const { rows } = await sql<{ region: string; one: string; count: number }>`
    ${sql.join(counts, sql` union all `)} order by region`.execute(db)
  const things = Map.groupBy(rows, ({ region }) => region)
  return [...things].map(([region, kinds]) => ({
    region,
    things: kinds.map(({ one, count }) => `${count} ${one}${count === 1 ? '' : 's'}`).join(', '),
  }))
}

/**
 * Those of the regions in use that are not among `known`. Cheap however much there is: it looks for one
 * thing in each table and counts nothing.
 */
export async function unknownRegionsInUse(
  db: Database,
  known: readonly string[],
): Promise<string[]> {
  const looks = keptInRegions.map(
    ({ table, while: there }) => sql`
      (select region from ${sql.table(table)}
        where region <> all(${known}::text[]) and ${sql.raw(there)}
        limit 1)`,
  )
  const { rows } = await sql<{ region: string }>`
    select distinct region from (${sql.join(looks, sql` union all `)}) as found order by region
  `.execute(db)
  return rows.map(({ region }) => region)
}

export class RegionNotConfigured extends Error {
  override name = 'RegionNotConfigured'
  constructor(missing: readonly RegionInUse[], configured: readonly string[]) {
    const left = missing.map(({ region, things }) => `${things} in ${region}`).join('; ')
    const without = missing.map(({ region }) => `--without ${region}`).join(' ')
    super(
      [
        `There are ${left}, which the configuration does not name. Nothing of it is lost.`,
        `Regions that it names: ${configured.join(', ') || 'none'}.`,
        'Correct the name in the configuration (regions of a demonstration need --demo).',
        `To go on without what is there, which stays as it is and out of reach: ./garrison up ${without}`,
      ].join('\n'),
    )
  }
}

/**
 * Throws {@link RegionNotConfigured} when anything is in a region that is neither configured nor named in
 * `without`.
 */
export async function requireRegionsInUse(
  db: Database,
  { configured, without }: { configured: readonly string[]; without: readonly string[] },
): Promise<void> {
  const missing = (await regionsInUse(db)).filter(
    ({ region }) => !configured.includes(region) && !without.includes(region),
  )
  if (missing.length > 0) throw new RegionNotConfigured(missing, configured)
}
