import { cloneElement, type ReactElement, type ReactNode, useId, useRef } from 'react'

type Target = ReactElement<Record<string, unknown>>

/**
 * Words beside what the pointer or the keyboard is on. Never the only place where something is said.
 * The browser's own popover: it lies above everything, whatever clips what is around it.
 */
export function Tooltip({ words, children }: { words: ReactNode; children: ReactElement }) {
  const id = useId()
  const bubble = useRef<HTMLDivElement>(null)
  const show = ({ currentTarget }: { currentTarget: Element }) => {
    const popover = bubble.current
    if (popover === null) return
    popover.showPopover()
    const target = currentTarget.getBoundingClientRect()
    const own = popover.getBoundingClientRect()
    const left = target.left + target.width / 2 - own.width / 2
    const below = target.bottom + 6
    popover.style.left = `${Math.max(8, Math.min(left, innerWidth - own.width - 8))}px`
    popover.style.top = `${below + own.height > innerHeight ? target.top - own.height - 6 : below}px`
  }
  const hide = () => {
    if (bubble.current?.matches(':popover-open')) bubble.current.hidePopover()
  }
  return (
    <>
      {cloneElement(children as Target, {
        'aria-describedby': id,
        onPointerEnter: (event: React.PointerEvent) => event.pointerType === 'mouse' && show(event),
        onPointerLeave: hide,
        onFocus: (event: React.FocusEvent) => event.target.matches(':focus-visible') && show(event),
        onBlur: hide,
        onPointerUp: (event: React.PointerEvent) =>
          event.pointerType !== 'mouse' &&
          event.currentTarget.ariaDisabled === 'true' &&
          show(event),
        onKeyDown: (event: React.KeyboardEvent) => event.key === 'Escape' && hide(),
      })}
      <div
        ref={bubble}
        id={id}
        role="tooltip"
        popover="manual"
        className="appear fixed inset-auto m-0 max-w-72 rounded-sm border border-hairline bg-raised px-2.5 py-1.5 text-sm font-normal whitespace-normal text-ink-2 shadow-float"
      >
        {words}
      </div>
    </>
  )
}
