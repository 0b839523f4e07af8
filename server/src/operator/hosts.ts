/** Hosts as whoever runs them sees them, and the decision that one takes nothing new. */
import type { Host as Inventoried } from '@garrison/engines/engine'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import { free } from '../catalog/capacity.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import type { Range } from '../database/pages.ts'
import { NotFound } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import * as store from './host-store.ts'

export type HostServiceDeps = { clock: Clock; regions: Regions; placement: Placement }

const nothing = (name: string): Inventoried => ({
  ...{ name, vcpus: 0, memoryMib: 0, diskGb: 0, diskFreeGb: 0, gpus: [] },
})

export function createHostService({ clock, regions, placement }: HostServiceDeps) {
  /** Of a region whose engine does not answer, none. */
  async function inventory(region: string): Promise<readonly Inventoried[]> {
    if (!regions.isConfigured(region)) return []
    return regions.inventory(region).then(
      ({ hosts }) => hosts,
      () => [],
    )
  }

  async function list(db: Database | Tx, wanted?: { region?: string | undefined }) {
    const known = await store.knownHosts(db)
    const names = [...new Set([...regions.names(), ...known.map(({ region }) => region)])].filter(
      (name) => wanted?.region === undefined || name === wanted.region,
    )
    // One after the other where it is a transaction.
    const counts = await store.machineCounts(db)
    const micro = await store.microvmCounts(db)
    const stored = await store.storageCounts(db)
    const drained = await store.drained(db)
    const found = []
    for (const region of names) {
      const present = await inventory(region)
      const promised = await placement.promised(db, region)
      const hosts = new Map(present.map((host) => [host.name, host]))
      const others = known.filter((each) => each.region === region && !hosts.has(each.host))
      for (const host of [...present, ...others.map((each) => nothing(each.host))]) {
        const isHere = (each: { region: string; host: string | null }) =>
          each.region === region &&
          // What came from elsewhere is on the only host there is.
          (each.host === host.name || (each.host === null && present.length === 1))
        found.push({
          region,
          host,
          present: hosts.has(host.name),
          left: free(host, promised, placement.ratios),
          promisedGpus: gpusPromised(host, promised),
          drained: drained.find((each) => each.region === region && each.host === host.name),
          machines: counts.filter(isHere),
          microvms: micro.filter(isHere),
          stored: stored.filter(isHere),
          notices: regions.isConfigured(region) ? regions.capabilities(region).notices : [],
        })
      }
    }
    return found.sort(
      (a, b) => a.region.localeCompare(b.region) || a.host.name.localeCompare(b.host.name),
    )
  }

  async function require(db: Database | Tx, region: string, name: string) {
    const found = (await list(db, { region })).find(({ host }) => host.name === name)
    if (found === undefined) throw new NotFound('Host', `${region}/${name}`)
    return found
  }

  async function tell(
    tx: Tx,
    caller: Caller,
    what: 'drained' | 'undrained',
    place: { region: string; host: string },
    detail: { reason?: string },
  ) {
    const now = clock.now()
    const subject = { subjectKind: 'host', subjectId: `${place.region}/${place.host}` }
    const action = what === 'drained' ? 'host.drain' : 'host.undrain'
    await recordAudit(tx, caller, { action, ...subject, detail }, now)
    const kind = `host.${what}` as const
    // Of the operators: where somebody's machines are is nobody else's business.
    const event = { accountId: caller.accountId, kind, ...subject, data: detail }
    await recordEvent(tx, event, now)
  }

  return {
    list,
    require,
    countDrained: (db: Database) => store.countDrained(db),

    async details(db: Database, region: string, name: string, range: Range) {
      const found = await require(db, region, name)
      const place = { region, host: name }
      const [machines, kept, instances] = await Promise.all([
        store.machineHolders(db, place),
        store.keptOn(db, place),
        store.pageOfMachines(db, place, range),
      ])
      const stored = new Map(Map.groupBy(found.stored, (each) => each.account_id))
      const only = [...stored.keys()].filter(
        (id) => !machines.some((machine) => machine.account_id === id),
      )
      const others = (await store.namesOf(db, only)).map(({ id, public_id, name }) => ({
        ...{ account_id: id, public_id, name },
        ...{ instances: 0, microvms: 0, vcpus: 0, memory_mib: 0, gpus: 0, disk_gb: 0 },
      }))
      const holders = [...machines, ...others].map((holder) => {
        const its = stored.get(holder.account_id) ?? []
        const sum = (of: (each: (typeof its)[number]) => number) =>
          its.reduce((total, each) => total + Number(of(each)), 0)
        return {
          ...holder,
          disk_gb: Number(holder.disk_gb) + sum((each) => each.volumes_gb),
          volumes: sum((each) => each.volumes),
          snapshots: sum((each) => each.snapshots),
          snapshotsBytes: sum((each) => each.snapshots_bytes),
        }
      })
      holders.sort((a, b) => Number(b.memory_mib) - Number(a.memory_mib))
      return { found, holders, kept, instances }
    },

    /** Whoever got room there before has it; nobody gets any once the transaction has committed. */
    async drain(tx: Tx, caller: Caller, region: string, host: string, reason: string) {
      await require(tx, region, host)
      await placement.lock(tx, region)
      const place = { region, host }
      await store.insertDrained(tx, { ...place, reason, drained_at: clock.now() })
      await store.releaseKept(tx, place)
      await tell(tx, caller, 'drained', place, { reason })
      return require(tx, region, host)
    },

    /** Doing it again changes nothing. */
    async undrain(tx: Tx, caller: Caller, region: string, host: string) {
      await require(tx, region, host)
      await placement.lock(tx, region)
      const place = { region, host }
      if (await store.deleteDrained(tx, place)) {
        await tell(tx, caller, 'undrained', place, {})
        await notify(tx, 'deploy_queue', region)
      }
      return require(tx, region, host)
    },
  }
}

export type HostService = ReturnType<typeof createHostService>
export type FoundHost = Awaited<ReturnType<HostService['require']>>

const gpusPromised = (
  host: Inventoried,
  promised: readonly { host: string; gpus: Readonly<Record<string, number>> }[],
) => {
  const here = promised.filter((each) => each.host === host.name)
  const models = new Set([
    ...host.gpus.map(({ model }) => model),
    ...here.flatMap(({ gpus }) => Object.keys(gpus)),
  ])
  return [...models].map((model) => {
    const total = host.gpus.find((each) => each.model === model)?.count ?? 0
    const taken = here.reduce((sum, { gpus }) => sum + (gpus[model] ?? 0), 0)
    return { model, total, promised: taken, free: total - taken }
  })
}
