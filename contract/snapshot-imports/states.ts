/** The life of an import, as data. The snapshot that it makes is CREATING until it has ended. */
import { refusal } from '../refusal.ts'

export const importStatuses = ['UPLOADING', 'VERIFYING', 'SUCCESS', 'ERROR'] as const
export type ImportStatus = (typeof importStatuses)[number]

export type ImportTransition = {
  /** Where it is accepted. */
  readonly from: readonly ImportStatus[]
  /** Completes "Import must be UPLOADING to …". */
  readonly verb: string
}

export const importActions = {
  upload: { from: ['UPLOADING'], verb: 'take its file' },
  /** Gives it up, with what has come so far. Afterwards its snapshot is deleted like any other. */
  delete: { from: ['UPLOADING', 'VERIFYING'], verb: 'be given up' },
} as const satisfies Record<string, ImportTransition>
export type ImportAction = keyof typeof importActions

/** Why the action is refused in this state, as a sentence for the user; `null` when it is not. */
export function whyNot(action: ImportAction, status: ImportStatus): string | null {
  const { from, verb }: ImportTransition = importActions[action]
  return from.includes(status) ? null : refusal('Import', from, verb, status)
}
