/** From the row of an instance to what an engine is asked to run. */
import type {
  AttachedVolume,
  DiskSource,
  FirewallRule,
  MachineSpec,
} from '@garrison/engines/engine'
import type { Instance, InstanceSshKey } from './store.ts'

export function machineSpec(
  instance: Instance,
  keys: readonly InstanceSshKey[],
  rules: readonly FirewallRule[] | null,
  volumes: readonly AttachedVolume[],
): MachineSpec {
  if (instance.address === null) throw new Error(`${instance.public_id} has no address yet`)
  return {
    id: instance.id,
    tenant: instance.account_id,
    host: instance.host,
    vcpus: instance.vcpus,
    memoryMib: instance.memory_mib,
    diskGb: instance.disk_gb,
    gpus:
      instance.gpu_model === null ? null : { model: instance.gpu_model, count: instance.gpu_count },
    source: diskSource(instance),
    address: instance.address,
    rules,
    volumes,
    guest: {
      instanceId: instance.id,
      hostname: hostname(instance.name, instance.public_id),
      authorizedKeys: keys.map((key) => key.public_key),
      userData: instance.user_data,
    },
  }
}

function diskSource(instance: Instance): DiskSource {
  switch (instance.boot_source) {
    case 'os_image':
      return { kind: 'os-image', name: required(instance, 'os_image') }
    case 'custom_image':
      return { kind: 'image', id: required(instance, 'source_id') }
    case 'snapshot':
      return { kind: 'snapshot', id: required(instance, 'source_id') }
    case 'volume':
      return { kind: 'volume', id: required(instance, 'source_id') }
  }
}

function required(instance: Instance, column: 'os_image' | 'source_id') {
  const value = instance[column]
  if (value === null) throw new Error(`${instance.public_id} boots from nothing: ${column} is null`)
  return value
}

/** A name may hold what a host name may not (RFC 1123): `My web_1` becomes `my-web-1`. */
export function hostname(name: string, publicId: string) {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return label === '' ? publicId.toLowerCase() : label
}
