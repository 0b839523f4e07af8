import { ArrowRight } from 'lucide-react'
import { Facts } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Dialog, DialogBody } from '../ui/dialog.tsx'
import { Time } from '../ui/time.tsx'
import { actorWords } from './actor-words.ts'
import type { AuditRow } from './audit-page.tsx'
import { changesOf } from './filter.ts'

/** One entry, with what was before and after. */
export function AuditRowDialog({ row, onClose }: { row: AuditRow; onClose: () => void }) {
  const changes = changesOf(row.before, row.after)
  const detail = changesOf(null, row.detail)
  return (
    <Dialog title={<code>{row.action}</code>} open wide onClose={onClose}>
      <DialogBody>
        <Facts
          facts={[
            ['When', <Time key="at" at={row.at} exact />],
            ['Who', actorWords(row.actor)],
            ['E-mail', row.actor.person?.email],
            ['From', row.address && <code key="address">{row.address}</code>],
            ['On', `${row.subject.kind}${row.subject.name ? ` “${row.subject.name}”` : ''}`],
            ['Id', <Copyable key="id" text={row.subject.id} name="Copy id" />],
            [
              'Request',
              row.request_id && (
                <Copyable key="request" text={row.request_id} name="Copy request id" />
              ),
            ],
          ]}
        />
        {changes.length > 0 && (
          <section aria-label="What changed" className="flex flex-col gap-1">
            <h3 className="border-b border-hairline pb-1.5 font-semibold">What changed</h3>
            <dl>
              {changes.map(({ field, before, after }) => (
                <div
                  key={field}
                  className="grid gap-x-3 gap-y-0.5 border-b border-hairline py-1.5 sm:grid-cols-[9rem_1fr]"
                >
                  <dt className="text-ink-3">
                    <code>{field}</code>
                  </dt>
                  <dd className="flex min-w-0 flex-wrap items-baseline gap-x-2">
                    <Value value={before} gone />
                    <ArrowRight aria-label="became" className="size-3.5 self-center text-ink-3" />
                    <Value value={after} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        )}
        {detail.length > 0 && (
          <section aria-label="Details" className="flex flex-col gap-1">
            <h3 className="border-b border-hairline pb-1.5 font-semibold">Details</h3>
            <Facts
              facts={detail.map(({ field, after }) => [field, <Value key={field} value={after} />])}
            />
          </section>
        )}
      </DialogBody>
    </Dialog>
  )
}

function Value({ value, gone = false }: { value: string | null; gone?: boolean }) {
  if (value === null) return <span className="text-ink-3">nothing</span>
  return (
    <code className={gone ? 'break-all text-ink-3 line-through' : 'break-all'}>
      {value === '' ? '""' : value}
    </code>
  )
}
