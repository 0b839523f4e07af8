import { type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes, useId } from 'react'
import { cx } from './cx.ts'

const box =
  'w-full rounded-md border bg-raised px-2.5 text-ink placeholder:text-ink-3 transition-colors'

type Around = {
  label: string
  /** Beside the label, such as a counter. */
  aside?: ReactNode
  hint?: ReactNode
  error?: string | null | undefined
}

/** Label above, hint or error below; all three are read together. */
function Around({
  label,
  aside,
  hint,
  error,
  id,
  children,
}: Around & { id: string; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-1">
      <div className="flex items-baseline justify-between gap-2">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {aside && <span className="text-sm text-ink-3">{aside}</span>}
      </div>
      {children}
      {error ? (
        <p id={`${id}-hint`} className="text-sm text-problem">
          {error}
        </p>
      ) : (
        hint && (
          <p id={`${id}-hint`} className="text-sm text-ink-3">
            {hint}
          </p>
        )
      )}
    </div>
  )
}

const described = (id: string, { hint, error }: Around) => ({
  id,
  'aria-invalid': error ? true : undefined,
  'aria-describedby': hint || error ? `${id}-hint` : undefined,
})
const edge = (error: unknown) => (error ? 'border-problem' : 'border-edge/70')

export type TextFieldProps = Around &
  Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange' | 'value'> & {
    value: string
    onValue: (value: string) => void
    mono?: boolean
  }

export function TextField({
  label,
  aside,
  hint,
  error,
  value,
  onValue,
  mono,
  ...rest
}: TextFieldProps) {
  const id = useId()
  const around = { label, aside, hint, error }
  return (
    <Around {...around} id={id}>
      <input
        {...rest}
        {...described(id, around)}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        className={cx(box, edge(error), 'h-(--control)', mono && 'font-mono text-sm')}
      />
    </Around>
  )
}

export function TextArea({
  label,
  aside,
  hint,
  error,
  value,
  onValue,
  mono,
  ...rest
}: Around &
  Omit<TextareaHTMLAttributes<HTMLTextAreaElement>, 'onChange' | 'value'> & {
    value: string
    onValue: (value: string) => void
    mono?: boolean
  }) {
  const id = useId()
  const around = { label, aside, hint, error }
  return (
    <Around {...around} id={id}>
      <textarea
        rows={3}
        {...rest}
        {...described(id, around)}
        value={value}
        onChange={(event) => onValue(event.target.value)}
        className={cx(box, edge(error), 'py-1.5', mono && 'font-mono text-sm')}
      />
    </Around>
  )
}

export type Choice<V extends string> = { value: V; words: string; disabled?: boolean }

export function SelectField<V extends string>({
  label,
  aside,
  hint,
  error,
  value,
  onValue,
  choices,
  placeholder,
}: Around & {
  value: V | ''
  onValue: (value: V) => void
  choices: readonly Choice<V>[]
  /** Shown while nothing is chosen. */
  placeholder?: string
}) {
  const id = useId()
  const around = { label, aside, hint, error }
  return (
    <Around {...around} id={id}>
      <select
        {...described(id, around)}
        value={value}
        onChange={(event) => onValue(event.target.value as V)}
        className={cx(box, edge(error), 'h-(--control)')}
      >
        {placeholder !== undefined && (
          <option value="" disabled>
            {placeholder}
          </option>
        )}
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value} disabled={choice.disabled}>
            {choice.words}
          </option>
        ))}
      </select>
    </Around>
  )
}

/** On or off, at once or with the form around it. */
export function Switch({
  label,
  hint,
  checked,
  onChecked,
  reason,
}: {
  label: string
  hint?: ReactNode
  checked: boolean
  onChecked: (checked: boolean) => void
  reason?: string | null
}) {
  const id = useId()
  return (
    <div className="flex items-start gap-3">
      <input
        id={id}
        type="checkbox"
        role="switch"
        aria-checked={checked}
        checked={checked}
        aria-disabled={reason ? true : undefined}
        aria-describedby={hint || reason ? `${id}-hint` : undefined}
        onChange={(event) => !reason && onChecked(event.target.checked)}
        className={cx(
          'relative mt-0.5 h-5 w-9 shrink-0 cursor-pointer appearance-none rounded-full border border-edge bg-sunken transition-colors checked:border-accent checked:bg-accent',
          'before:absolute before:left-0.5 before:top-0.5 before:size-3.5 before:rounded-full before:bg-edge before:transition-transform checked:before:translate-x-4 checked:before:bg-on-accent',
          reason && 'cursor-not-allowed opacity-60',
        )}
      />
      <div>
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {(reason || hint) && (
          <p id={`${id}-hint`} className="text-sm text-ink-3">
            {reason ?? hint}
          </p>
        )}
      </div>
    </div>
  )
}

export function Checkbox({
  label,
  hint,
  checked,
  onChecked,
}: {
  label: ReactNode
  hint?: ReactNode
  checked: boolean
  onChecked: (checked: boolean) => void
}) {
  const id = useId()
  return (
    <div className="flex items-start gap-2.5">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        onChange={(event) => onChecked(event.target.checked)}
        className="mt-0.5 size-4 shrink-0 accent-(--accent)"
      />
      <label htmlFor={id}>
        {label}
        {hint && <span className="block text-sm text-ink-3">{hint}</span>}
      </label>
    </div>
  )
}
