import type * as contract from '@garrison/contract/operator/hosts'
import type { Ratios } from '../catalog/capacity.ts'
import type { FoundHost, HostService } from './hosts.ts'

const gb = (mib: number) => Math.round((mib / 1024) * 100) / 100
const tenths = (value: number) => Math.round(value * 10) / 10

export function hostAnswer(
  { region, host, left, ...found }: FoundHost,
  ratios: Ratios,
  isSimulated: boolean,
): contract.Host {
  const amounts = (total: number, free: number) => ({ total, promised: total - free, free })
  return {
    region,
    name: host.name,
    present: found.present,
    drained: found.drained
      ? { since: found.drained.drained_at.toISOString(), reason: found.drained.reason }
      : null,
    capacity: {
      vcpus: {
        ...amounts(Math.floor(host.vcpus * ratios.vcpuRatio), left.vcpus),
        cores: host.vcpus,
      },
      memory_gb: {
        total: gb(host.memoryMib),
        promised: gb(host.memoryMib - left.memoryMib),
        free: gb(left.memoryMib),
      },
      disk_gb: {
        ...amounts(Math.floor(host.diskGb * ratios.diskRatio), left.diskGb),
        really_free: tenths(host.diskFreeGb),
        floor: ratios.diskFloorGb,
      },
      gpus: found.promisedGpus,
    },
    machines: Object.fromEntries(found.machines.map(({ status, n }) => [status, Number(n)])),
    microvms: Object.fromEntries(found.microvms.map(({ status, n }) => [status, Number(n)])),
    volumes: found.stored.reduce((sum, each) => sum + each.volumes, 0),
    snapshots: found.stored.reduce((sum, each) => sum + each.snapshots, 0),
    notices: [...found.notices],
    ...(isSimulated && { simulated: true as const }),
  }
}

type Details = Awaited<ReturnType<HostService['details']>>

export const holderAnswer = (row: Details['holders'][number]): contract.Holder => ({
  account_id: row.public_id,
  account_name: row.name,
  instances: row.instances,
  microvms: row.microvms,
  vcpus: row.vcpus,
  memory_gb: gb(Number(row.memory_mib)),
  gpus: row.gpus,
  disk_gb: row.disk_gb,
  volumes: row.volumes,
  snapshots: row.snapshots,
  snapshots_gb: tenths(row.snapshotsBytes / 1e9),
})

export const keptAnswer = (row: Details['kept'][number]) => ({
  deploy_request_id: row.public_id,
  account_id: row.account_public_id,
  vm_name: row.vm_name,
  vcpus: row.kept_need?.vcpus ?? 0,
  memory_gb: gb(row.kept_need?.memoryMib ?? 0),
  disk_gb: row.kept_need?.diskGb ?? 0,
  gpus: row.kept_need?.gpu?.count ?? 0,
  until: (row.kept_until ?? new Date(0)).toISOString(),
})

export const machineAnswer = (row: Details['instances']['rows'][number]): contract.Machine => ({
  id: row.public_id,
  name: row.name,
  account_id: row.account_public_id,
  status: row.status,
  flavor: row.flavor,
  vcpus: row.vcpus,
  memory_gb: gb(row.memory_mib),
  disk_gb: row.disk_gb,
  gpu_model: row.gpu_model,
  gpu_count: row.gpu_count,
  error: row.error,
  created_at: row.created_at.toISOString(),
})
