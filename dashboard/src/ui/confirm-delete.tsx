import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { FormDialog } from './dialog.tsx'

/** Asks before something is lost for good, and names it. */
export function ConfirmDelete({
  kind,
  name,
  open,
  onClose,
  onConfirm,
  pending,
  error,
  verb = 'Delete',
  working = 'Deleting…',
  children,
}: {
  /** Such as "snapshot". */
  kind: string
  name: string
  open: boolean
  onClose: () => void
  onConfirm: () => void
  pending: boolean
  error?: unknown
  verb?: string
  working?: string
  /** What else goes, and what stays. */
  children?: ReactNode
}) {
  return (
    <FormDialog
      title={`${verb} ${kind}`}
      icon={<TriangleAlert aria-hidden className="size-5 text-problem" />}
      open={open}
      onClose={onClose}
      onSubmit={onConfirm}
      submit={verb}
      submitting={working}
      pending={pending}
      error={error}
      look="danger"
    >
      <p>
        {verb} the {kind} <strong className="font-semibold">{name}</strong>? This cannot be undone.
      </p>
      {children}
    </FormDialog>
  )
}
