import type { ReactNode } from 'react'
import { cx } from '../ui/cx.ts'

/** One of several, as tiles with what there is to know about each. */
export function Choose<V extends string>({
  label,
  value,
  onValue,
  choices,
}: {
  label: string
  value: V | undefined
  onValue: (value: V) => void
  choices: readonly {
    value: V
    words: ReactNode
    detail?: ReactNode
    /** Why it cannot be had now. */
    reason?: string | null
  }[]
}) {
  return (
    <fieldset>
      <legend className="sr-only">{label}</legend>
      <div className="grid grid-cols-1 gap-2 sm:grid-cols-2 lg:grid-cols-3">
        {choices.map((choice) => (
          <label
            key={choice.value}
            className={cx(
              'flex cursor-pointer items-start gap-2.5 rounded-md border px-3 py-2.5 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent',
              choice.value === value
                ? 'border-accent bg-accent-soft/60'
                : 'border-hairline bg-raised hover:bg-hover',
            )}
          >
            <input
              type="radio"
              name={label}
              value={choice.value}
              checked={choice.value === value}
              onChange={() => onValue(choice.value)}
              className="mt-0.5 size-4 shrink-0 accent-(--accent) outline-none"
            />
            <span className="min-w-0">
              <span className="font-medium">{choice.words}</span>
              {choice.detail && <span className="block text-sm text-ink-3">{choice.detail}</span>}
              {choice.reason && <span className="block text-sm text-warning">{choice.reason}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
