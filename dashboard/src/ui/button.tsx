import { LoaderCircle } from 'lucide-react'
import type { ButtonHTMLAttributes, ReactNode, Ref } from 'react'
import { cx } from './cx.ts'
import { Tooltip } from './tooltip.tsx'

/** `danger-ask`: red, but it only asks; `danger` is what then does it. */
export type ButtonLook = 'primary' | 'plain' | 'quiet' | 'danger' | 'danger-ask'

const looks: Record<ButtonLook, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong',
  plain: 'border border-edge/60 bg-raised text-ink hover:bg-hover',
  quiet: 'text-ink-2 hover:bg-hover hover:text-ink',
  danger: 'bg-danger text-on-danger hover:brightness-90',
  'danger-ask':
    'border border-problem/40 bg-problem-soft text-problem hover:border-danger hover:bg-danger hover:text-on-danger',
}

export type ButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'disabled'> & {
  look?: ButtonLook
  icon?: ReactNode
  /** What it says, beside a spinner, while it works. */
  busy?: string | false | undefined
  /** Why it cannot be pressed now. It stays reachable, so that everybody can learn the reason. */
  reason?: string | null | undefined
  ref?: Ref<HTMLButtonElement>
}

const offBox = 'border border-hairline bg-sunken'

export const buttonClass = (look: ButtonLook, off = false) =>
  cx(
    'inline-flex h-(--control) shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md px-3 font-medium transition-colors',
    off ? cx('text-ink-3 cursor-not-allowed', look !== 'quiet' && offBox) : looks[look],
  )

export function Button({
  look = 'plain',
  icon,
  busy,
  reason,
  children,
  className,
  type = 'button',
  onClick,
  ...rest
}: ButtonProps) {
  const off = Boolean(reason) || Boolean(busy)
  const button = (
    <button
      {...rest}
      type={type}
      aria-disabled={off || undefined}
      onClick={(event) => {
        if (off) event.preventDefault()
        else onClick?.(event)
      }}
      className={cx(buttonClass(look, off), className)}
    >
      {busy ? <LoaderCircle aria-hidden className="turning size-4" /> : icon}
      {busy || children}
    </button>
  )
  return reason ? <Tooltip words={reason}>{button}</Tooltip> : button
}

const iconShape =
  'inline-flex size-(--control) shrink-0 items-center justify-center rounded-md transition-colors'

/** For a link that looks like such a button. */
export const iconButtonClass = cx(iconShape, looks.quiet)

/** A button that is only a picture; its name is read to those who do not see it, and shown on hover. */
export function IconButton({
  name,
  icon,
  look = 'quiet',
  className,
  reason,
  onClick,
  ...rest
}: Omit<ButtonProps, 'children' | 'busy'> & { name: string; icon: ReactNode }) {
  return (
    <Tooltip words={reason ?? name}>
      <button
        type="button"
        {...rest}
        aria-label={name}
        aria-disabled={reason ? true : undefined}
        onClick={(event) => {
          if (!reason) onClick?.(event)
        }}
        className={cx(iconShape, reason ? 'text-ink-4' : looks[look], className)}
      >
        {icon}
      </button>
    </Tooltip>
  )
}
