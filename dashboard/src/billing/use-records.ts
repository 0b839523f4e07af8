/** The four lists of records, as one: only the one that is looked at is asked for. */
import { vmName } from '@garrison/contract/microvms/facts'
import { useQuery } from '@tanstack/react-query'
import type { LinkProps } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { costSoFar, countedUntil, sinceMetered } from '../microvms/cost.ts'
import { bytes, gigabytes } from '../ui/format.ts'
import { useNow } from '../ui/time.tsx'
import type { BillingKind, BillingSearch } from './routes.ts'

export type Row = {
  readonly id: string
  readonly name: string
  /** To what the record is of, while there is a page about it. */
  readonly link?: LinkProps | undefined
  readonly what: string
  readonly start_time: string
  readonly end_time: string | null
  readonly seconds: number
  readonly hourly_rate: number
  readonly total_cost: number
  readonly status: string
}

export const pageSize = 20

export function useRecords(kind: BillingKind, search: BillingSearch) {
  const { page = 1, from, to, type, of } = search
  const query = { page, limit: pageSize, start_date: from, end_date: to }
  const when = (one: BillingKind) => ({ refetchInterval: 60_000, enabled: kind === one })
  const instances = useQuery({
    ...reading('/api/instances/billing/', { query }),
    ...when('instances'),
  })
  const snapshots = useQuery({
    ...reading('/api/snapshots/billing/', { query }),
    ...when('snapshots'),
  })
  const volumes = useQuery({ ...reading('/api/volumes/billing/', { query }), ...when('volumes') })
  const microvms = useQuery({
    ...reading('/api/microvms/billing/', {
      query: { ...query, resource_type: type, resource_id: of },
    }),
    ...when('microvms'),
  })
  const pages = usePages(kind === 'microvms')
  const until = countedUntil(useNow(), microvms.dataUpdatedAt)
  const chosen = { instances, snapshots, volumes, microvms }[kind]
  const rows: readonly Row[] | undefined = {
    instances: instances.data?.records.map((row) => ({
      ...byTheMinute(row),
      name: row.vm_name,
      what: row.gpu_count > 0 ? `${row.gpu_count} × ${row.gpu_type}` : 'No GPU',
    })),
    snapshots: snapshots.data?.records.map((row) => ({
      ...byTheMinute(row),
      name: row.snapshot_name,
      what: gigabytes(row.size_gb),
    })),
    volumes: volumes.data?.records.map((row) => ({
      ...byTheMinute(row),
      name: row.volume_name,
      what: gigabytes(row.size_gb),
    })),
    microvms: microvms.data?.records.map((row) => ({
      ...bySeconds(row, until),
      name: pages.get(row.resource_id)?.name ?? row.resource_name,
      link: pages.get(row.resource_id)?.link,
      what: row.size_bytes === null ? 'MicroVM' : `Snapshot, ${bytes(row.size_bytes)}`,
    })),
  }[kind]
  return {
    error: chosen.error,
    refetch: () => void chosen.refetch(),
    data: rows &&
      chosen.data && {
        rows,
        total: chosen.data.total,
        ...sumOf(chosen.data, until),
        currency: chosen.data.currency,
      },
  }
}

type ByTheMinute = {
  billing_id: string
  total_duration_minutes: number
  per_minute_rate: number
}

const byTheMinute = <R extends ByTheMinute>(row: R) => ({
  ...row,
  id: row.billing_id,
  seconds: row.total_duration_minutes * 60,
  hourly_rate: row.per_minute_rate * 60,
})

type MicrovmRow = Answer<'get', '/api/microvms/billing/'>['records'][number]

function bySeconds(row: MicrovmRow, until: number) {
  const more = sinceMetered(row, until)
  return {
    ...row,
    id: row.billing_id,
    seconds: (row.total_duration_seconds ?? row.total_duration_minutes * 60) + more.seconds,
    total_cost: row.total_cost + more.cost,
  }
}

type Billing = Answer<'get', `/api/${BillingKind}/billing/`>

/** With what the rows that are shown have more than the meter has seen: of other pages that is not known. */
function sumOf(billing: Billing, until: number) {
  const { summary } = billing
  if (!('totalSeconds' in summary))
    return { cost: summary.totalCost, seconds: summary.totalMinutes * 60 }
  return costSoFar(billing as Answer<'get', '/api/microvms/billing/'>, until)
}

type PageOf = { readonly name: string; readonly link: LinkProps }

/** What there are pages about, by id: records stay when what they are of is forgotten. */
function usePages(enabled: boolean): ReadonlyMap<string, PageOf> {
  const vms = useQuery({ ...reading('/v1/vms', { query: { all: true } }), enabled })
  const snapshots = useQuery({ ...reading('/v1/snapshots'), enabled })
  return new Map([
    ...(vms.data ?? []).map((vm): [string, PageOf] => [
      vm.vm_id,
      { name: vmName(vm), link: { to: '/microvms/$id', params: { id: vm.vm_id } } },
    ]),
    ...(snapshots.data ?? []).map(({ id, name }): [string, PageOf] => [
      id,
      { name: name ?? id, link: { to: '/microvms/snapshots/$id', params: { id } } },
    ]),
  ])
}
