/** The life of an export, as data. A deleted one is gone: it has no state. */
import { refusal } from '../refusal.ts'

export const exportStatuses = ['CREATING', 'SUCCESS', 'ERROR', 'DELETING'] as const
export type ExportStatus = (typeof exportStatuses)[number]

export type ExportTransition = {
  /** Where it is accepted. */
  readonly from: readonly ExportStatus[]
  /** Completes "Export must be SUCCESS to …". */
  readonly verb: string
}

export const exportActions = {
  read: { from: ['SUCCESS'], verb: 'be read' },
  /** Cancels one that is being made. */
  delete: { from: ['CREATING', 'SUCCESS', 'ERROR'], verb: 'be deleted' },
} as const satisfies Record<string, ExportTransition>
export type ExportAction = keyof typeof exportActions

/** Why the action is refused in this state, as a sentence for the user; `null` when it is not. */
export function whyNot(action: ExportAction, status: ExportStatus): string | null {
  const { from, verb }: ExportTransition = exportActions[action]
  return from.includes(status) ? null : refusal('Export', from, verb, status)
}
