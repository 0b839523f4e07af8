import { ConfirmDelete } from '../ui/confirm-delete.tsx'
import { plural } from '../ui/format.ts'
import { forget, forgetAll } from './store.ts'
import type { Talk } from './talks.ts'

export function ForgetDialog({
  talks,
  onClose,
  onDone,
}: {
  talks: readonly Talk[]
  onClose: () => void
  onDone?: () => void
}) {
  const [only] = talks
  const one = talks.length === 1 && only
  return (
    <ConfirmDelete
      kind={one ? 'conversation' : 'conversations'}
      name={one ? one.title : `all ${plural(talks.length, 'conversation')}`}
      open
      onClose={onClose}
      onConfirm={() => {
        if (one) forget(one.id)
        else forgetAll()
        onClose()
        onDone?.()
      }}
      pending={false}
    >
      <p className="text-ink-2">
        This browser is the only place where it is kept. What was charged stays in the usage.
      </p>
    </ConfirmDelete>
  )
}
