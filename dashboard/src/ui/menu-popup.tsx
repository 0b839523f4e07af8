import { Menu as Base } from '@base-ui/react/menu'
import { cx } from './cx.ts'
import type { MenuAction, MenuProps } from './menu.tsx'

/** An open menu, and from then on the one that opens and closes. */
export function MenuPopup({ trigger, actions }: MenuProps) {
  return (
    <Base.Root defaultOpen>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-30">
          <Base.Popup className="appear min-w-44 max-w-80 rounded-md border border-hairline bg-raised py-1 shadow-float outline-none">
            {actions.map((action, index) =>
              action === 'line' ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: lines differ in nothing else
                <Base.Separator key={`line-${index}`} className="my-1 h-px bg-hairline" />
              ) : (
                <Item key={action.words} action={action} />
              ),
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

function Item({ action: { words, icon, onClick, danger, reason } }: { action: MenuAction }) {
  return (
    <Base.Item
      disabled={Boolean(reason)}
      onClick={onClick}
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
