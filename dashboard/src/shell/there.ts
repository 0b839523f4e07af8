/** What examples are of: the first of everything that there is, as far as the region in the top line goes. */
import { vmName } from '@garrison/contract/microvms/facts'
import { useQuery } from '@tanstack/react-query'
import { reading } from '../api/queries.ts'
import { useRegion } from './region.ts'

type Thing = { readonly id: string; readonly name: string }

export type There = {
  readonly region: string
  readonly flavor: string
  readonly osImage: string
  readonly sshKeyId: string
  /** One that runs. */
  readonly instance: Thing
  /** One that is ready. */
  readonly snapshot: Thing
  /** One that runs. */
  readonly vm: Thing
}

/** What there is none of has a name in capitals. */
export function useThere(): There {
  const chosen = useRegion()
  const regions = useQuery(reading('/api/regions/')).data?.regions
  const region = chosen || regions?.find(({ is_active }) => is_active)?.name
  const inRegion = { query: { region: region ?? '' } }
  const known = { enabled: region !== undefined }
  const flavors = useQuery({ ...reading('/api/flavors/', inRegion), ...known }).data?.flavors
  const images = useQuery({ ...reading('/api/os-images/', inRegion), ...known }).data?.images
  const keys = useQuery(reading('/api/ssh-keys/', { query: { page_size: 1 } })).data?.ssh_keys
  const instances = useQuery(
    reading('/api/instances/', { query: { status: 'ACTIVE', region: chosen, page_size: 1 } }),
  ).data?.instances
  const snapshots = useQuery(
    reading('/api/snapshots/', { query: { region: chosen, pageSize: 20 } }),
  ).data?.snapshots
  const vms = useQuery(reading('/v1/vms')).data
  const instance = instances?.[0]
  const vm = vms?.find(({ status }) => status === 'running')
  return {
    region: region ?? 'LOCAL-1',
    flavor: (flavors?.find(({ available }) => available) ?? flavors?.[0])?.name ?? 'cpu-small',
    osImage: images?.[0]?.name ?? 'garrison-small',
    sshKeyId: keys?.[0]?.id ?? 'SSH_KEY_ID',
    instance:
      instance === undefined
        ? { id: 'INSTANCE_ID', name: 'INSTANCE' }
        : { id: instance.instance_id, name: instance.vm_name },
    snapshot: snapshots?.find(({ status }) => status === 'SUCCESS') ?? {
      id: 'SNAPSHOT_ID',
      name: 'SNAPSHOT',
    },
    vm: vm === undefined ? { id: 'VM_ID', name: 'VM' } : { id: vm.vm_id, name: vmName(vm) },
  }
}
