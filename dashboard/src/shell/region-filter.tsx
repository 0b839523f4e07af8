import { useQuery } from '@tanstack/react-query'
import { reading } from '../api/queries.ts'
import { FilterSelect } from '../ui/filters.tsx'
import { useRegion, useSetRegion } from './region.ts'

/** Narrows every list. */
export function RegionFilter() {
  const region = useRegion()
  const setRegion = useSetRegion()
  const { data } = useQuery({ ...reading('/api/regions/'), staleTime: 300_000 })
  const names = data?.regions.map(({ name }) => name) ?? []
  // An address may name one that is not there; whoever came by it must be able to leave.
  const offered = region === '' || names.includes(region) ? names : [...names, region]
  if (offered.length < 2) return null
  return (
    <FilterSelect
      label="Region"
      all="All regions"
      value={region}
      onValue={setRegion}
      choices={offered.map((name) => ({ value: name, words: name }))}
      className="max-w-32 sm:max-w-48"
    />
  )
}
