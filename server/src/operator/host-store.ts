/** What is on hosts, of everybody. */
import { microvmStatusesWithMemory } from '@garrison/contract/microvms/states'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { countOfMatches, type Range, readPage } from '../database/pages.ts'

/** Hosts that something is on, or that are drained. */
export async function knownHosts(db: Database | Tx) {
  const { rows } = await sql<{ region: string; host: string }>`
    select region, host from instances where deleted_at is null
    union select region, host from volumes where deleted_at is null
    union select region, host from microvms where ended_at is null
    union select region, host from drained_hosts
    order by 1, 2
  `.execute(db)
  return rows
}

export const machineCounts = (db: Database | Tx) =>
  db
    .selectFrom('instances')
    .select(['region', 'host', 'status'])
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('deleted_at', 'is', null)
    .groupBy(['region', 'host', 'status'])
    .execute()

export const microvmCounts = (db: Database | Tx) =>
  db
    .selectFrom('microvms')
    .select(['region', 'host', 'status'])
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('ended_at', 'is', null)
    .groupBy(['region', 'host', 'status'])
    .execute()

/** By account, host and region: what is stored. */
export async function storageCounts(db: Database | Tx) {
  const { rows } = await sql<{
    region: string
    /** Null: a snapshot that came from elsewhere. */
    host: string | null
    account_id: string
    volumes: number
    volumes_gb: number
    snapshots: number
    snapshots_bytes: number
  }>`
    select region, host, account_id, sum(volumes)::int as volumes, sum(volumes_gb)::bigint as volumes_gb,
      sum(snapshots)::int as snapshots, sum(snapshots_bytes)::bigint as snapshots_bytes
    from (
      select region, host, account_id, 1 as volumes, coalesce(growing_to_gb, size_gb) as volumes_gb,
          0 as snapshots, 0 as snapshots_bytes
        from volumes where deleted_at is null
      union all
      select s.region, i.host, s.account_id, 0, 0, 1, coalesce(s.size_bytes, 0)
        from snapshots s left join instances i on i.id = s.instance_id where s.deleted_at is null
    ) each
    group by region, host, account_id
  `.execute(db)
  return rows
}

type Place = { readonly region: string; readonly host: string }

/** Promised to each account there; see `allocations` for what counts. */
export async function machineHolders(db: Database, { region, host }: Place) {
  const { rows } = await sql<{
    account_id: string
    public_id: string
    name: string
    instances: number
    microvms: number
    vcpus: number
    memory_mib: number
    gpus: number
    disk_gb: number
  }>`
    select a.id as account_id, a.public_id, a.name,
      (count(*) filter (where not is_micro))::int as instances,
      (count(*) filter (where is_micro))::int as microvms,
      coalesce(sum(vcpus) filter (where awake), 0)::int as vcpus,
      coalesce(sum(memory_mib) filter (where awake), 0)::bigint as memory_mib,
      coalesce(sum(gpu_count) filter (where awake), 0)::int as gpus,
      coalesce(sum(disk_gb), 0)::bigint as disk_gb
    from (
      select account_id, false as is_micro, vcpus, memory_mib, gpu_count,
        case when boot_source <> 'volume' then disk_gb else 0 end as disk_gb,
        status <> 'HIBERNATED' or retain_capacity as awake
      from instances where region = ${region} and host = ${host} and deleted_at is null
      union all
      select account_id, true, 0, promised_memory_mib, 0, 0,
        status = any(${[...microvmStatusesWithMemory]})
      from microvms where region = ${region} and host = ${host} and ended_at is null
    ) machine join accounts a on a.id = machine.account_id
    group by a.id
  `.execute(db)
  return rows
}

export const namesOf = (db: Database, accountIds: readonly string[]) =>
  accountIds.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('accounts')
        .select(['id', 'public_id', 'name'])
        .where('id', 'in', accountIds)
        .execute()

export const keptOn = (db: Database, { region, host }: Place) =>
  db
    .selectFrom('deploy_requests as request')
    .innerJoin('accounts as account', 'account.id', 'request.account_id')
    .select(['request.public_id', 'request.vm_name', 'request.kept_need', 'request.kept_until'])
    .select('account.public_id as account_public_id')
    .where('request.state', '=', 'waiting')
    .where('request.kept_region', '=', region)
    .where('request.kept_host', '=', host)
    .orderBy('request.seq')
    .execute()

export const pageOfMachines = (db: Database, { region, host }: Place, range: Range) =>
  readPage(
    db
      .selectFrom('instances as machine')
      .innerJoin('accounts as account', 'account.id', 'machine.account_id')
      .selectAll('machine')
      .select('account.public_id as account_public_id')
      .where('machine.region', '=', region)
      .where('machine.host', '=', host)
      .where('machine.deleted_at', 'is', null)
      .orderBy('machine.created_at', 'desc')
      .orderBy('machine.id', 'desc'),
    countOfMatches,
    range,
  )

export const drained = (db: Database | Tx) => db.selectFrom('drained_hosts').selectAll().execute()

export async function countDrained(db: Database) {
  const { n } = await db
    .selectFrom('drained_hosts')
    .select((select) => select.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** The moment stays when it is done again. */
export const insertDrained = (tx: Tx, row: Place & { reason: string; drained_at: Date }) =>
  tx
    .insertInto('drained_hosts')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['region', 'host']).doUpdateSet({ reason: row.reason }),
    )
    .execute()

/** Answers whether it was drained. */
export async function deleteDrained(tx: Tx, { region, host }: Place): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('drained_hosts')
    .where('region', '=', region)
    .where('host', '=', host)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** Those that room was kept for there may have it kept elsewhere. */
export const releaseKept = (tx: Tx, { region, host }: Place) =>
  tx
    .updateTable('deploy_requests')
    .set({ kept_region: null, kept_host: null, kept_need: null, kept_until: null })
    .where('state', '=', 'waiting')
    .where('kept_region', '=', region)
    .where('kept_host', '=', host)
    .execute()
