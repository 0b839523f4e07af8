/** What a region's machines have been promised, summed from their rows. */
import { microvmStatusesWithMemory } from '@garrison/contract/microvms/states'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { type Allocation, allocationOf } from './capacity.ts'

/** Whoever wants room in this region waits here until the transaction before has ended. */
export async function lockRegion(tx: Tx, region: string) {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`region ${region}`}, 0))`.execute(tx)
}

/**
 * By host. A machine in ERROR counts, for it may exist; a hibernated one keeps its disk, and the rest only
 * where that was asked for. This spans accounts: room is everybody's.
 */
export async function allocations(db: Database | Tx, region: string): Promise<Allocation[]> {
  const { rows } = await sql<Taken>`
    select host, gpu_model, sum(vcpus) as vcpus, sum(memory_mib) as memory_mib,
      sum(gpu_count) as gpu_count, sum(disk_gb) as disk_gb
    from (
      select host, gpu_model, disk_gb,
        case when runs then vcpus else 0 end as vcpus,
        case when runs then memory_mib else 0 end as memory_mib,
        case when runs then gpu_count else 0 end as gpu_count
      from (
        select host, gpu_model, vcpus, memory_mib, gpu_count,
          status <> 'HIBERNATED' or retain_capacity as runs,
          -- The disk of one that boots from a volume is the volume.
          case when boot_source <> 'volume' then disk_gb else 0 end as disk_gb
        from instances where region = ${region} and deleted_at is null
      ) machines
      union all
      -- One that grows counts as what it is to be.
      select host, null, coalesce(growing_to_gb, size_gb), 0, 0, 0
      from volumes where region = ${region} and deleted_at is null
      union all
      -- Their disks are thin and short-lived: only what is really free counts for them.
      select host, null, 0, 0, promised_memory_mib, 0
      from microvms
      where region = ${region} and ended_at is null and status = any(${[...microvmStatusesWithMemory]})
    ) everything
    group by host, gpu_model
  `.execute(db)
  return [...Map.groupBy(rows, (row) => row.host)].map(([host, parts]) => ({
    host,
    vcpus: sum(parts.map((part) => part.vcpus)),
    memoryMib: sum(parts.map((part) => part.memory_mib)),
    diskGb: sum(parts.map((part) => part.disk_gb)),
    gpus: Object.fromEntries(
      parts.flatMap((part) =>
        part.gpu_model === null ? [] : [[part.gpu_model, Number(part.gpu_count)]],
      ),
    ),
  }))
}

type Taken = {
  host: string
  gpu_model: string | null
  vcpus: number
  memory_mib: number
  gpu_count: number
  disk_gb: number
}

export async function drainedHosts(db: Database | Tx, region: string): Promise<Set<string>> {
  const rows = await db
    .selectFrom('drained_hosts')
    .select('host')
    .where('region', '=', region)
    .execute()
  return new Set(rows.map(({ host }) => host))
}

/** How many machines have a public address, or are to have one. This spans accounts too. */
export async function publicAddressesTaken(db: Database | Tx, region: string): Promise<number> {
  const { taken } = await db
    .selectFrom('instances')
    .select((select) => select.fn.countAll<number>().as('taken'))
    .where('region', '=', region)
    .where('deleted_at', 'is', null)
    .where('public_ip', '=', 'attached')
    .executeTakeFirstOrThrow()
  return Number(taken)
}

/** Room that is kept for deployments that have waited for long, `except` one. This spans accounts too. */
export async function keptRoom(
  db: Database | Tx,
  region: string,
  except?: string,
): Promise<Allocation[]> {
  const rows = await db
    .selectFrom('deploy_requests')
    .select(['id', 'kept_host', 'kept_need'])
    .where('state', '=', 'waiting')
    .where('kept_region', '=', region)
    .execute()
  return rows.flatMap(({ id, kept_host: host, kept_need: need }) =>
    id === except || host === null || need === null ? [] : [allocationOf(host, need)],
  )
}

/** Sums arrive as text where they could be too large for a number; these are not. */
const sum = (values: readonly (number | string)[]) =>
  values.reduce<number>((total, value) => total + Number(value), 0)
