import { X } from 'lucide-react'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { Button, IconButton } from '../ui/button.tsx'
import { type BulkAction, bulkActions, bulkWords, whyNone } from './bulk.ts'
import { BulkDialog } from './bulk-dialog.tsx'

type Row = Answer<'get', '/api/instances/'>['instances'][number]

/** Along the lower edge while something is selected, so that it is at hand on a long list. */
export function BulkBar({ rows, onClear }: { rows: readonly Row[]; onClear: () => void }) {
  const [action, setAction] = useState<BulkAction | null>(null)
  if (rows.length === 0) return null
  return (
    <section
      aria-label="Selected instances"
      className="sticky bottom-16 z-10 flex flex-wrap items-center gap-2 rounded-md border border-hairline bg-raised px-3 py-2 shadow-float md:bottom-3"
    >
      <span aria-live="polite" className="mr-1 font-medium">
        {rows.length} selected
      </span>
      {bulkActions.map((each) => (
        <Button
          key={each}
          reason={whyNone(each, rows)}
          look={each === 'delete' ? 'danger' : 'plain'}
          onClick={() => setAction(each)}
        >
          {bulkWords[each].verb}
        </Button>
      ))}
      <IconButton
        name="Clear the selection"
        icon={<X aria-hidden className="size-4" />}
        className="ml-auto"
        onClick={onClear}
      />
      {action && (
        <BulkDialog
          action={action}
          instances={rows}
          onClose={() => setAction(null)}
          onDone={() => {
            setAction(null)
            onClear()
          }}
        />
      )}
    </section>
  )
}
