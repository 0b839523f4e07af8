/** Things by their names, asked of the server while somebody types. */
import { vmName } from '@garrison/contract/microvms/facts'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { reading } from '../api/queries.ts'
import type { Vm } from '../microvms/vm.ts'
import type { InstanceRow } from './thing-commands.ts'

type Thing = { readonly kind: string; readonly name: string; readonly to: string }

const pauseMs = 150
const each = 5

export function useSearchOfThings(typed: string): {
  found: readonly Thing[]
  /** The account's newest, whatever was typed. */
  instances: readonly InstanceRow[]
  /** All of the account's. */
  vms: readonly Vm[]
  searching: boolean
} {
  const wanted = typed.trim()
  const [search, setSearch] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setSearch(wanted), pauseMs)
    return () => clearTimeout(timer)
  }, [wanted])
  const asked = { enabled: search.length >= 2, staleTime: 10_000 }
  const query = { search, page_size: each }
  const instances = useQuery({ ...reading('/api/instances/', { query }), ...asked })
  const snapshots = useQuery({
    ...reading('/api/snapshots/', { query: { search, pageSize: each } }),
    ...asked,
  })
  const volumes = useQuery({ ...reading('/api/volumes/', { query }), ...asked })
  const firewalls = useQuery({ ...reading('/api/firewalls/', { query }), ...asked })
  const newest = useQuery({
    ...reading('/api/instances/', { query: { page_size: 100 } }),
    ...asked,
  })
  // These lists come whole, and are not long.
  const vms = useQuery({ ...reading('/v1/vms'), ...asked })
  const vmSnapshots = useQuery({ ...reading('/v1/snapshots'), ...asked })
  const all = [instances, snapshots, volumes, firewalls, newest, vms, vmSnapshots]
  const by = (path: string, name: string) => `${path}?search=${encodeURIComponent(name)}`
  const found: readonly Thing[] =
    wanted === ''
      ? []
      : [
          ...(instances.data?.instances ?? []).map(({ instance_id, vm_name }) => ({
            kind: 'Instance',
            name: vm_name,
            to: `/instances/${instance_id}`,
          })),
          ...(snapshots.data?.snapshots ?? []).map(({ name }) => ({
            kind: 'Snapshot',
            name,
            to: by('/snapshots', name),
          })),
          ...(volumes.data?.volumes ?? []).map(({ name }) => ({
            kind: 'Volume',
            name,
            to: by('/volumes', name),
          })),
          ...(firewalls.data?.firewalls ?? []).map(({ id, name }) => ({
            kind: 'Firewall',
            name,
            to: `/firewalls/${id}`,
          })),
          ...(vms.data ?? []).map((vm) => ({
            kind: 'MicroVM',
            name: vmName(vm),
            to: `/microvms/${vm.vm_id}`,
          })),
          ...(vmSnapshots.data ?? []).map(({ id, name }) => ({
            kind: 'Snapshot of microVMs',
            name: name ?? id,
            to: `/microvms/snapshots/${id}`,
          })),
        ]
  const searching = wanted.length >= 2 && (search !== wanted || all.some((one) => one.isFetching))
  // While the next letters are asked for, the answer to the ones before stays, where it still fits.
  const fits = ({ name, to }: Thing) => `${name} ${to}`.toLowerCase().includes(wanted.toLowerCase())
  const counts = new Map<string, number>()
  const isAmongFirst = ({ kind }: Thing) => {
    const before = counts.get(kind) ?? 0
    counts.set(kind, before + 1)
    return before < each
  }
  return {
    found: found.filter(fits).filter(isAmongFirst),
    instances: newest.data?.instances ?? [],
    vms: vms.data ?? [],
    searching,
  }
}
