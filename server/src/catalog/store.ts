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
  const rows = await db
    .selectFrom('instances')
    .select(['host', 'gpu_model'])
    .select((select) => {
      const running = (column: 'vcpus' | 'memory_mib' | 'gpu_count') =>
        select.fn
          .coalesce(
            select.fn
              .sum<number>(column)
              .filterWhere((where) =>
                where.or([
                  where('status', '<>', 'HIBERNATED'),
                  where('retain_capacity', '=', true),
                ]),
              ),
            sql<number>`0`,
          )
          .as(column)
      return [
        running('vcpus'),
        running('memory_mib'),
        running('gpu_count'),
        // The disk of one that boots from a volume is the volume.
        select.fn
          .coalesce(
            select.fn.sum<number>('disk_gb').filterWhere('boot_source', '<>', 'volume'),
            sql<number>`0`,
          )
          .as('disk_gb'),
      ]
    })
    .where('region', '=', region)
    .where('deleted_at', 'is', null)
    .groupBy(['host', 'gpu_model'])
    .execute()
  const volumes = await volumesByHost(db, region)
  const microvms = await microvmsByHost(db, region)
  const byHost = Map.groupBy(rows, (row) => row.host)
  const hosts = new Set([...byHost.keys(), ...volumes.keys()])
  const ofInstances = [...hosts]
    .map((host) => [host, byHost.get(host) ?? []] as const)
    .map(([host, parts]) => ({
      host,
      vcpus: sum(parts.map((part) => part.vcpus)),
      memoryMib: sum(parts.map((part) => part.memory_mib)),
      diskGb: sum([...parts.map((part) => part.disk_gb), volumes.get(host) ?? 0]),
      gpus: Object.fromEntries(
        parts.flatMap((part) =>
          part.gpu_model === null ? [] : [[part.gpu_model, Number(part.gpu_count)]],
        ),
      ),
    }))
  return [...ofInstances, ...microvms]
}

/** Their disks are thin and short-lived: only what is really free counts for them. */
async function microvmsByHost(db: Database | Tx, region: string): Promise<Allocation[]> {
  const rows = await db
    .selectFrom('microvms')
    .select(['host', sql<number>`sum(vcpus)`.as('vcpus'), sql<number>`sum(memory_mib)`.as('mib')])
    .where('region', '=', region)
    .where('ended_at', 'is', null)
    .where('status', 'in', microvmStatusesWithMemory)
    .groupBy('host')
    .execute()
  return rows.map(({ host, vcpus, mib }) => ({
    ...{ host, vcpus: Number(vcpus), memoryMib: Number(mib), diskGb: 0, gpus: {} },
  }))
}

/** GB; one that grows counts as what it is to be. */
async function volumesByHost(db: Database | Tx, region: string) {
  const rows = await db
    .selectFrom('volumes')
    .select(['host', sql<number>`sum(coalesce(growing_to_gb, size_gb))`.as('gb')])
    .where('region', '=', region)
    .where('deleted_at', 'is', null)
    .groupBy('host')
    .execute()
  return new Map(rows.map(({ host, gb }) => [host, Number(gb)]))
}

/** Names of those that take nothing new. */
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
