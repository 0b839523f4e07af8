import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { reading } from '../api/queries.ts'

/** Names of volumes like the one that is typed. */
export function useVolumeNames(name: string): readonly string[] {
  const search = useDeferredValue(name.trim())
  const { data } = useQuery({
    ...reading('/api/volumes/', { query: { search, page_size: 20 } }),
    enabled: search !== '',
  })
  return data?.volumes.map((volume) => volume.name) ?? []
}
