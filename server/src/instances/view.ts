/** From rows to what the API answers. */
import type {
  Data,
  HibernationDetails,
  Instance as InstanceAnswer,
  InstanceDetails,
  UserVM,
} from '@garrison/contract/instances/routes'
import { jupyterUrl } from '../first-boot/jupyter.ts'
import { perMinute, toDecimal } from '../money.ts'
import type { Instance, InstanceSshKey } from './store.ts'

/** What a view needs to know beyond the row. */
export type ViewContext = {
  /** Machines of a simulated region cannot be reached, so nobody is told how. */
  readonly isSimulated: (region: string) => boolean
}

/** Mebibytes to the API's `ram_gb`; 1 GB of memory is 1024 MiB. */
export const ramGb = (memoryMib: number) => memoryMib / 1024

/** The API has a GPU type for machines without one too. */
export const gpuType = (model: string | null) => model ?? 'CPU'

export function specs(
  row: Pick<Instance, 'gpu_model' | 'gpu_count' | 'memory_mib' | 'vcpus' | 'disk_gb'>,
) {
  return {
    gpu_type: gpuType(row.gpu_model),
    gpu_count: row.gpu_count,
    ram_gb: ramGb(row.memory_mib),
    vcpus: row.vcpus,
    storage_gb: row.disk_gb,
  }
}

/** Of {@link ipAddress}. */
export function ipStatus({ address, status, public_ip, public_address }: Instance) {
  const comes = !['ERROR', 'DELETING', 'DELETED'].includes(status)
  if (public_ip === 'attached' && public_address === null && comes) return 'pending' as const
  if (public_ip === 'detached' && address !== null) return 'detached' as const
  if (address !== null) return 'assigned' as const
  return status === 'CREATING' || status === 'BUILD' ? ('pending' as const) : ('none' as const)
}

/** The public address, or the one at which the host reaches the machine. */
function ipAddress({ address, public_address }: Instance) {
  return public_address ?? address?.ssh.host ?? null
}

/** `data` of the answers to deploy and restore. */
export function deployedData(row: Instance): Data {
  return {
    instance_id: row.public_id,
    vm_name: row.name,
    ip_address: ipAddress(row),
    ip_status: ipStatus(row),
    billing: { hourly_rate: toDecimal(row.hourly_rate_micros), currency: row.currency },
    specs: specs(row),
    status: row.status,
    boot_source: row.boot_source,
    created_at: row.created_at.toISOString(),
  }
}

export function instanceRow(row: Instance, { isSimulated }: ViewContext): InstanceAnswer {
  const { gpu_type, gpu_count, vcpus, ram_gb, storage_gb } = specs(row)
  return {
    instance_id: row.public_id,
    vm_name: row.name,
    status: row.status,
    tier: row.tier,
    region: row.region,
    gpu_type,
    gpu_count,
    vcpus,
    ram_gb,
    storage_gb,
    ip_address: ipAddress(row),
    private_ip: row.address?.ip ?? null,
    ip_status: ipStatus(row),
    ssh_command:
      row.address === null || isSimulated(row.region)
        ? null
        : sshCommand(row.login_user, sshPlace(row.address, row.public_address)),
    boot_source: row.boot_source,
    os_image: row.os_image,
    hourly_rate: toDecimal(row.hourly_rate_micros),
    hibernation_rate:
      row.status === 'HIBERNATED' ? toDecimal(row.hibernation_rate_micros ?? 0) : null,
    currency: row.currency,
    ready_at: row.ready_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    server_uuid: row.status === 'DELETED' ? null : row.id,
    ...(isSimulated(row.region) && { simulated: true as const }),
  }
}

function sshPlace(address: NonNullable<Instance['address']>, publicAddress: string | null) {
  return publicAddress === null ? address.ssh : { host: publicAddress, port: 22 }
}

export function sshCommand(user: string, { host, port }: { host: string; port: number }) {
  return port === 22 ? `ssh ${user}@${host}` : `ssh -p ${port} ${user}@${host}`
}

export function instanceDetails(
  row: Instance,
  keys: readonly InstanceSshKey[],
  parts: Pick<InstanceDetails, 'source' | 'security_rules' | 'firewalls' | 'volume_attachments'>,
  costMicros: number,
  context: ViewContext,
): InstanceDetails {
  const { gpu_type, gpu_count, vcpus, ram_gb, storage_gb } = specs(row)
  const listed = instanceRow(row, context)
  return {
    ...listed,
    flavor: { name: row.flavor, vcpus, ram_gb, storage_gb, ephemeral_gb: 0, gpu_type, gpu_count },
    image: row.os_image === null ? null : { name: row.os_image },
    ssh_keys: keys.map((key) => ({ id: key.public_id, name: key.name })),
    ...parts,
    billing: {
      hourly_rate: toDecimal(row.hourly_rate_micros),
      currency: row.currency,
      per_minute_rate: perMinute(row.hourly_rate_micros),
      total_cost: toDecimal(costMicros),
    },
    jupyter_url:
      row.jupyter && listed.ip_address !== null && !context.isSimulated(row.region)
        ? jupyterUrl(listed.ip_address)
        : null,
    hibernation: hibernationDetails(row),
    error: row.error,
  }
}

export const resumeClass = ({ retain_capacity }: Pick<Instance, 'retain_capacity'>) =>
  retain_capacity ? ('guaranteed' as const) : ('best_effort' as const)

/** `null` while it is not hibernated. */
export function hibernationDetails(row: Instance): HibernationDetails | null {
  if (row.hibernated_at === null) return null
  return {
    hibernated_at: row.hibernated_at.toISOString(),
    memory: row.hibernation_memory === true,
    resume_class: resumeClass(row),
    retain_ip: row.retain_ip,
    retain_capacity: row.retain_capacity,
    hourly_rate: toDecimal(row.hibernation_rate_micros ?? 0),
  }
}

export const madeInstance = (row: Instance) => ({
  instance_id: row.public_id,
  vm_name: row.name,
  status: row.status,
})

/** The short row that pickers show. */
export function userVm(row: Instance): UserVM {
  return {
    instance_id: row.public_id,
    vm_name: row.name,
    status: row.status,
    region: row.region,
    tier: row.tier,
    gpu_type: gpuType(row.gpu_model),
    gpu_count: row.gpu_count,
    server_uuid: row.id,
  }
}
