import { Button } from './button.tsx'
import type { MenuAction } from './menu.tsx'

/** What can be done with the thing of a page; on a phone in columns, as wide as one another. */
export const ActionButtons = ({ actions }: { actions: readonly MenuAction[] }) => (
  <div className="grid grid-cols-3 gap-2 sm:flex sm:flex-wrap" data-print="no">
    {actions.map(({ words, icon, reason, onClick, danger }) => (
      <Button
        key={words}
        icon={icon}
        reason={reason}
        onClick={onClick}
        look={danger ? 'danger-ask' : 'plain'}
        className="px-2! sm:px-3!"
      >
        {words}
      </Button>
    ))}
  </div>
)
