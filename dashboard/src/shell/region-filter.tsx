import { useQuery } from '@tanstack/react-query'
import { reading } from '../api/queries.ts'
import { FilterSelect } from '../ui/filters.tsx'
import { setRegion, useRegion } from './region.ts'

/** Narrows every list. It stands in the top line; on a phone, which has no room there, above the list. */
export function RegionFilter({ where }: { where: 'top-line' | 'list' }) {
  const region = useRegion()
  const { data } = useQuery({ ...reading('/api/regions/'), staleTime: 300_000 })
  const regions = data?.regions ?? []
  if (regions.length < 2) return null
  return (
    <div className={where === 'list' ? 'sm:hidden' : 'hidden sm:block'}>
      <FilterSelect
        label="Region"
        all="All regions"
        value={region}
        onValue={setRegion}
        choices={regions.map(({ name }) => ({ value: name, words: name }))}
      />
    </div>
  )
}
