import type { ReactNode } from 'react'
import { type CallFor, Calls } from './api-call.tsx'

/** An empty page teaches: what this is, the one button, and the same by curl and by command. */
export function Empty({
  title,
  children,
  action,
  call,
}: {
  title: string
  /** What this is and what it is good for, in two sentences. */
  children: ReactNode
  action?: ReactNode
  call?: CallFor
}) {
  return (
    <div className="grid gap-x-12 gap-y-6 border-t border-hairline py-8 lg:grid-cols-2 [dl+&]:border-t-0 [dl+&]:pt-0">
      <div className="flex max-w-prose flex-col items-start gap-4">
        <h2 className="text-lg">{title}</h2>
        <div className="text-ink-2">{children}</div>
        {action}
      </div>
      {call && (
        <div className="flex min-w-0 flex-col gap-2">
          <p className="text-sm text-ink-3">The same without a browser</p>
          <Calls calls={[call]} />
        </div>
      )}
    </div>
  )
}

/** A filter that leaves nothing is not an empty page. */
export const NothingFound = ({ what, onClear }: { what: string; onClear?: () => void }) => (
  <p className="border-t border-hairline py-8 text-ink-2 [dl+&]:border-t-0 [dl+&]:pt-0">
    No {what} match.{' '}
    {onClear && (
      <button type="button" className="text-accent underline" onClick={onClear}>
        Show all
      </button>
    )}
  </p>
)
