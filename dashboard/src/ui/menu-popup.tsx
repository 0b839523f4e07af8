import { Menu as Base } from '@base-ui/react/menu'
import { useEffect, useRef } from 'react'
import { cx } from './cx.ts'
import type { MenuAction, MenuProps } from './menu.tsx'

/** An open menu, and from then on the one that opens and closes. */
export function MenuPopup({
  trigger,
  actions,
  begins,
}: MenuProps & {
  /** With its first entry, when it opens for the first time: whoever has no pointer goes on from there. */
  begins: boolean
}) {
  const popup = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!begins) return
    const frame = requestAnimationFrame(() =>
      popup.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus(),
    )
    return () => cancelAnimationFrame(frame)
  }, [begins])
  const button = useRef<HTMLButtonElement>(null)
  const chosen = useRef<MenuAction>(null)
  // Only once the menu is gone: a dialog that it opens gives the focus back to where it was, and until then
  // that is in the menu.
  const act = () => {
    const action = chosen.current
    if (action === null) return
    chosen.current = null
    button.current?.focus()
    action.onClick()
  }
  return (
    <Base.Root defaultOpen onOpenChangeComplete={(open) => !open && act()}>
      <Base.Trigger ref={button} render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-30">
          <Base.Popup
            ref={popup}
            className="appear min-w-44 max-w-80 rounded-md border border-hairline bg-raised py-1 shadow-float outline-none"
          >
            {actions.map((action, index) =>
              action === 'line' ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines differ in nothing else
                <Base.Separator key={`line-${index}`} className="my-1 h-px bg-hairline" />
              ) : (
                <Item
                  key={action.words}
                  action={action}
                  onChoose={() => {
                    chosen.current = action
                  }}
                />
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

function Item({
  action: { words, icon, danger, reason },
  onChoose,
}: {
  action: MenuAction
  onChoose: () => void
}) {
  return (
    <Base.Item
      disabled={Boolean(reason)}
      onClick={onChoose}
      className={cx(
        'flex min-h-(--control) items-center gap-2 px-3 py-1 outline-none data-highlighted:bg-hover',
        reason
          ? 'cursor-not-allowed text-ink-3'
          : danger
            ? 'cursor-pointer text-problem'
            : 'cursor-pointer text-ink',
      )}
    >
      {icon}
      <span>
        {words}
        {reason && <span className="block text-xs text-ink-3">{reason}</span>}
      </span>
    </Base.Item>
  )
}
