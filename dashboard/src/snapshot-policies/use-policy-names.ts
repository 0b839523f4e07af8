import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { reading } from '../api/queries.ts'

/** Whether a name is taken already, asked while it is typed. */
export function usePolicyNames(name: string): readonly string[] {
  const search = useDeferredValue(name.trim())
  const { data } = useQuery({
    ...reading('/api/snapshot-policies/', { query: { search, page_size: 20 } }),
    staleTime: 10_000,
    enabled: search !== '',
  })
  return data?.policies.map((policy) => policy.name) ?? []
}
