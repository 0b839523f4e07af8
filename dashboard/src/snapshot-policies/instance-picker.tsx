import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { reading } from '../api/queries.ts'
import { Checkbox } from '../ui/fields.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { Problem } from '../ui/panel.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'

type Named = {
  readonly instance_id: string
  readonly vm_name: string
  readonly status?: string
  readonly region?: string
}

/** Any number of instances. Those that are covered stay in the list, whatever is searched for. */
export function InstancePicker({
  chosen,
  onChosen,
  covered,
}: {
  chosen: readonly string[]
  onChosen: (ids: readonly string[]) => void
  covered: readonly Named[]
}) {
  const [search, setSearch] = useState('')
  const list = useQuery(reading('/api/instances/', { query: { search, page_size: 100 } }))
  const found = list.data?.instances ?? []
  const total = list.data?.pagination.total_count ?? 0
  const known = new Set(found.map(({ instance_id }) => instance_id))
  const others = covered.filter(({ instance_id }) => !known.has(instance_id))
  const toggle = (id: string, on: boolean) =>
    onChosen(on ? [...chosen, id] : chosen.filter((each) => each !== id))
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-1 font-medium">
        Instances <span className="font-normal text-ink-3">{chosen.length} chosen</span>
      </legend>
      {(total > 8 || search) && (
        <SearchBox label="Search instances" value={search} onValue={setSearch} />
      )}
      {list.isPending && <Spinner words="Loading instances …" />}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.data && found.length + others.length === 0 && (
        <p className="text-ink-3">
          {search
            ? 'No instance has this in its name.'
            : 'There is no instance yet; add some later.'}
        </p>
      )}
      <ul className="flex max-h-44 flex-col gap-1 overflow-y-auto">
        {[...others, ...(found as readonly Named[])].map((each) => (
          <li key={each.instance_id} className="py-0.5">
            <Checkbox
              label={
                <span className="inline-flex flex-wrap items-center gap-x-3">
                  <span className="break-all">{each.vm_name}</span>
                  {each.status && (
                    <span className="inline-flex items-center gap-1.5 text-sm text-ink-3">
                      <Status status={each.status} /> {each.region}
                    </span>
                  )}
                </span>
              }
              checked={chosen.includes(each.instance_id)}
              onChecked={(on) => toggle(each.instance_id, on)}
            />
          </li>
        ))}
      </ul>
      {total > found.length && (
        <p className="text-sm text-ink-3">
          {plural(total - found.length, 'more instance')}; search to find them.
        </p>
      )}
    </fieldset>
  )
}
