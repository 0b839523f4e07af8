import {
  cloneElement,
  lazy,
  type MouseEvent,
  type ReactElement,
  type ReactNode,
  Suspense,
  useState,
} from 'react'
import { fetched } from './lazy.ts'

export type MenuAction = {
  readonly words: string
  readonly icon?: ReactNode
  readonly onClick: () => void
  readonly danger?: boolean
  /** Why not now. */
  readonly reason?: string | null
}

export type MenuProps = {
  trigger: ReactElement
  actions: readonly (MenuAction | 'line')[]
}

const MenuPopup = lazy(async () => ({
  default: (await fetched(() => import('./menu-popup.tsx'))).MenuPopup,
}))

/**
 * What can be done with one row or thing. What cannot be done now stands there with the reason. What a menu
 * is made of is loaded when the first one is opened: most visits open none.
 */
export function Menu({ trigger, actions }: MenuProps) {
  const [wanted, setWanted] = useState<'no' | 'by pointer' | 'by key'>('no')
  const closed = cloneElement(trigger as ReactElement<Record<string, unknown>>, {
    'aria-haspopup': 'menu',
    onClick: (event: MouseEvent) => {
      event.stopPropagation()
      // A key that presses a button counts no clicks.
      setWanted(event.detail === 0 ? 'by key' : 'by pointer')
    },
  })
  if (wanted === 'no') return closed
  return (
    <Suspense fallback={closed}>
      <MenuPopup trigger={trigger} actions={actions} begins={wanted === 'by key'} />
    </Suspense>
  )
}
