import { X } from 'lucide-react'
import { type FormEvent, type ReactNode, useId, useLayoutEffect, useRef } from 'react'
import { wordsOf } from '../api/errors.ts'
import { Button, type ButtonLook, IconButton } from './button.tsx'
import { cx } from './cx.ts'
import { Notice } from './notice.tsx'

/** What is typed or chosen first; where nothing is, what changes nothing. */
const first = 'form :is(input, select, textarea), form button'

/**
 * A task in front of the page. It stays open while its work is under way; errors are shown in it, beside
 * what caused them. The browser's own dialog keeps the focus inside and gives it back.
 */
export const Dialog = ({ open, ...rest }: DialogProps & { open: boolean }) =>
  open ? <OpenDialog {...rest} /> : null

type DialogProps = {
  title: ReactNode
  icon?: ReactNode
  /** Left out: it cannot be closed now. */
  onClose?: (() => void) | undefined
  /** What was typed into it would be lost by a press beside it, which therefore does nothing. */
  keeps?: boolean | undefined
  wide?: boolean | undefined
  children: ReactNode
}

function OpenDialog({ title, icon, onClose, keeps = false, wide = false, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  // A text that is marked until the pointer is beside the dialog ends in a click there as well.
  const pressedBeside = useRef(false)
  // Closed while it is still in the page: only then the focus goes back to where it was.
  useLayoutEffect(() => {
    const element = dialog.current
    if (element === null) return
    element.showModal()
    element.querySelector<HTMLElement>(first)?.focus()
    return () => element.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape is the dialog's own; this is for what lies around it
    <dialog
      ref={dialog}
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault()
        onClose?.()
      }}
      onPointerDown={(event) => {
        pressedBeside.current = event.target === dialog.current
      }}
      onClick={(event) => {
        if (!keeps && pressedBeside.current && event.target === dialog.current) onClose?.()
      }}
      className={cx(
        'appear m-0 mt-auto max-h-[calc(100dvh-1rem)] w-full max-w-full overflow-hidden rounded-t-md bg-raised text-ink shadow-float backdrop:bg-veil',
        'sm:mx-auto sm:mt-[12dvh] sm:max-h-[80dvh] sm:rounded-md',
        wide ? 'sm:w-[min(44rem,calc(100vw-2rem))]' : 'sm:w-[min(30rem,calc(100vw-2rem))]',
      )}
    >
      <div className="flex max-h-[inherit] flex-col">
        <div className="flex items-start gap-2 pt-3 pr-3 pl-5">
          <h2 id={heading} className="flex min-h-(--control) grow items-center gap-2 text-lg">
            {icon}
            {title}
          </h2>
          {onClose && (
            <IconButton
              name="Close"
              icon={<X aria-hidden className="size-4" />}
              onClick={onClose}
            />
          )}
        </div>
        {children}
      </div>
    </dialog>
  )
}

/** What stands between the title of a dialog and its buttons. */
export const DialogBody = ({ children }: { children: ReactNode }) => (
  <div className="flex min-h-0 flex-col gap-4 overflow-y-auto px-5 py-3">{children}</div>
)

/** A dialog that asks for something and then does one thing. */
export function FormDialog({
  title,
  icon,
  open,
  onClose,
  onSubmit,
  submit,
  submitting,
  pending,
  error,
  labels,
  reason,
  look = 'primary',
  wide,
  children,
}: {
  title: ReactNode
  icon?: ReactNode
  open: boolean
  onClose: () => void
  onSubmit: () => void
  /** On the button, such as "Restore snapshot". */
  submit: string
  /** On the button meanwhile, such as "Restoring…". */
  submitting: string
  pending: boolean
  error?: unknown
  /** What its fields are called here, by their names in the API. */
  labels?: Readonly<Record<string, string>> | undefined
  /** Why it cannot be sent yet. */
  reason?: string | null | undefined
  look?: ButtonLook
  wide?: boolean | undefined
  children: ReactNode
}) {
  const send = (event: FormEvent) => {
    event.preventDefault()
    if (!pending && !reason) onSubmit()
  }
  return (
    <Dialog
      title={title}
      icon={icon}
      open={open}
      onClose={pending ? undefined : onClose}
      keeps
      wide={wide}
    >
      <form onSubmit={send} noValidate className="flex min-h-0 flex-col">
        <DialogBody>
          {children}
          {error ? <Notice tone="problem">{wordsOf(error, labels)}</Notice> : null}
        </DialogBody>
        <div className="flex flex-wrap justify-end gap-2 border-t border-hairline px-5 py-3">
          <Button onClick={onClose} reason={pending ? 'Wait until it is done' : null}>
            Cancel
          </Button>
          <Button type="submit" look={look} busy={pending && submitting} reason={reason}>
            {submit}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
