/** Whether a name is taken already, asked while it is typed. */
import { useQuery } from '@tanstack/react-query'
import { useDeferredValue } from 'react'
import { reading } from '../api/queries.ts'

const staleTime = 10_000

export function useInstanceNames(name: string): readonly string[] {
  const search = useDeferredValue(name.trim())
  const { data } = useQuery({
    ...reading('/api/instances/', { query: { search, page_size: 20 } }),
    staleTime,
    enabled: search !== '',
  })
  return data?.instances.map((instance) => instance.vm_name) ?? []
}

export function useSnapshotNames(name: string): readonly string[] {
  const search = useDeferredValue(name.trim())
  const { data } = useQuery({
    ...reading('/api/snapshots/', { query: { search, pageSize: 20 } }),
    staleTime,
    enabled: search !== '',
  })
  return data?.snapshots.map((snapshot) => snapshot.name) ?? []
}

export function useImageNames(name: string): readonly string[] {
  const search = useDeferredValue(name.trim())
  const { data } = useQuery({
    ...reading('/api/custom-images/', { query: { search, page_size: 20 } }),
    staleTime,
    enabled: search !== '',
  })
  return data?.images.map((image) => image.name) ?? []
}
