import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { isVmChanging, type Vm } from './vm.ts'

/** The microVM that the address names. */
export function useVm(): Vm {
  const { id } = useParams({ from: '/shell/microvms/$id' })
  const { data } = useSuspenseQuery({
    ...reading('/v1/vms/{vm_id}', { params: { vm_id: id } }),
    refetchInterval: ({ state }) =>
      state.data && isVmChanging(state.data.status) ? 1_000 : pollWhenBroken(),
  })
  return data
}
