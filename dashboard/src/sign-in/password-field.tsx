import { Eye, EyeOff } from 'lucide-react'
import { useId, useState } from 'react'
import { IconButton } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'

/** A password, which whoever types it may look at. */
export function PasswordField({
  label = 'Password',
  value,
  onValue,
  fresh = false,
  hint,
  error,
  autoFocus,
}: {
  label?: string
  value: string
  onValue: (value: string) => void
  /** One that is chosen now, which password managers offer to make. */
  fresh?: boolean
  hint?: string | undefined
  error?: string | null | undefined
  autoFocus?: boolean | undefined
}) {
  const id = useId()
  const [shown, setShown] = useState(false)
  const below = error || hint
  return (
    <div className="flex flex-col gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <div className="relative">
        <input
          id={id}
          type={shown ? 'text' : 'password'}
          autoComplete={fresh ? 'new-password' : 'current-password'}
          // biome-ignore lint/a11y/noAutofocus: the one field of a page that somebody has just asked for
          autoFocus={autoFocus}
          maxLength={200}
          spellCheck={false}
          autoCapitalize="none"
          value={value}
          onChange={(event) => onValue(event.target.value)}
          aria-invalid={error ? true : undefined}
          aria-describedby={below ? `${id}-hint` : undefined}
          className={cx(
            'h-(--control) w-full rounded-md border bg-raised pl-2.5 pr-(--control)',
            error ? 'border-problem' : 'border-edge/70',
          )}
        />
        <span className="absolute right-0 top-0">
          <IconButton
            name={shown ? 'Hide what is typed' : 'Show what is typed'}
            icon={
              shown ? (
                <EyeOff aria-hidden className="size-4" />
              ) : (
                <Eye aria-hidden className="size-4" />
              )
            }
            onClick={() => setShown(!shown)}
          />
        </span>
      </div>
      {below && (
        <p id={`${id}-hint`} className={cx('text-sm', error ? 'text-problem' : 'text-ink-3')}>
          {below}
        </p>
      )}
    </div>
  )
}
