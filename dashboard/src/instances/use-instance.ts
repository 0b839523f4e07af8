import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { isChanging } from '../ui/status.tsx'

export type Instance = Answer<'get', '/api/instances/{instance_id}/'>['instance']

/** The instance that the address names. */
export function useInstance(): Instance {
  const { id } = useParams({ from: '/shell/instances/$id' })
  const { data } = useSuspenseQuery({
    ...reading('/api/instances/{instance_id}/', { params: { instance_id: id } }),
    refetchInterval: ({ state }) =>
      state.data && isChanging(state.data.instance.status) ? 2_000 : pollWhenBroken(),
  })
  return data.instance
}
