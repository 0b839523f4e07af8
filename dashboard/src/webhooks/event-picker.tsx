import { useQuery } from '@tanstack/react-query'
import { ChevronRight } from 'lucide-react'
import { useId, useState } from 'react'
import { reading } from '../api/queries.ts'
import { Checkbox } from '../ui/fields.tsx'
import { Problem } from '../ui/panel.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { allOf, bySubject, everything, toggled } from './event-patterns.ts'

/** Everything, all of a subject, or kind by kind, each with its sentence. */
export function EventPicker({
  patterns,
  onPatterns,
}: {
  patterns: readonly string[]
  onPatterns: (patterns: readonly string[]) => void
}) {
  const search = useId()
  const [wanted, setWanted] = useState('')
  const kinds = useQuery({
    ...reading('/api/events/kinds/'),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const all = patterns.includes(everything)
  // A test is told to its own webhook alone, whatever it listens to.
  const known = (kinds.data?.kinds ?? []).filter(({ kind }) => kind !== 'webhook.test')
  const shown = known.filter(({ kind, description }) =>
    `${kind} ${description}`.toLowerCase().includes(wanted.trim().toLowerCase()),
  )
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 font-medium">Which events</legend>
      <Checkbox
        label="Everything"
        hint="Also kinds that come with later versions."
        checked={all}
        onChecked={(on) => onPatterns(on ? [everything] : [])}
      />
      {kinds.isPending && <Spinner words="Loading the kinds of events …" />}
      {kinds.isError && <Problem error={kinds.error} onRetry={() => void kinds.refetch()} />}
      {!all && kinds.data && (
        <>
          <label htmlFor={search} className="sr-only">
            Search kinds of events
          </label>
          <input
            id={search}
            type="search"
            value={wanted}
            onChange={(event) => setWanted(event.target.value)}
            placeholder="Search, such as error or credits"
            className="h-(--control) rounded-md border border-edge/70 bg-raised px-2.5 placeholder:text-ink-3"
          />
          <div className="flex flex-col border-t border-hairline">
            {bySubject(shown).map(([subject, its]) => (
              <Subject
                key={subject}
                subject={subject}
                kinds={its}
                open={wanted.trim() !== ''}
                patterns={patterns}
                onPatterns={onPatterns}
              />
            ))}
            {shown.length === 0 && <p className="py-3 text-ink-3">No kind of event matches.</p>}
          </div>
        </>
      )}
    </fieldset>
  )
}

function Subject({
  subject,
  kinds,
  open,
  patterns,
  onPatterns,
}: {
  subject: string
  kinds: readonly { kind: string; description: string }[]
  /** Shown at once, as what was searched for is in it. */
  open: boolean
  patterns: readonly string[]
  onPatterns: (patterns: readonly string[]) => void
}) {
  const pattern = allOf(subject)
  const all = patterns.includes(pattern)
  const chosen = all ? kinds.length : kinds.filter(({ kind }) => patterns.includes(kind)).length
  return (
    <details open={open || undefined} className="group border-b border-hairline">
      <summary className="flex min-h-(--control) cursor-pointer items-center justify-between gap-3 py-1 marker:content-none hover:bg-hover/60">
        <span className="flex items-center gap-1.5">
          <ChevronRight
            aria-hidden
            className="size-3.5 text-ink-3 transition-transform group-open:rotate-90"
          />
          <code>{subject}</code>
        </span>
        <span className="text-sm text-ink-3">
          {all ? 'all' : chosen > 0 ? `${chosen} of ${kinds.length}` : kinds.length}
        </span>
      </summary>
      <div className="flex flex-col gap-2 pb-3 pl-5">
        <Checkbox
          label={`All of ${subject}`}
          checked={all}
          onChecked={(on) => onPatterns(toggled(patterns, pattern, on))}
        />
        {!all &&
          kinds.map(({ kind, description }) => (
            <Checkbox
              key={kind}
              label={<code>{kind}</code>}
              hint={description}
              checked={patterns.includes(kind)}
              onChecked={(on) => onPatterns(toggled(patterns, kind, on))}
            />
          ))}
      </div>
    </details>
  )
}
