/** The life of a custom image, as data. A deleted one is gone: it has no state. */
import { refusal } from '../refusal.ts'

export const imageStatuses = ['creating', 'available', 'error', 'deleting'] as const
export type ImageStatus = (typeof imageStatuses)[number]

export type ImageTransition = {
  /** Where it is accepted. */
  readonly from: readonly ImageStatus[]
  /** Shown while it is under way. */
  readonly through: ImageStatus
  /** `null`: gone. */
  readonly to: ImageStatus | null
  readonly onFailure: ImageStatus
  /** Completes "Image must be available to …". */
  readonly verb: string
}

export const imageActions = {
  /** Machines made from an image do not need it afterwards. */
  deploy: {
    from: ['available'],
    through: 'available',
    to: 'available',
    onFailure: 'available',
    verb: 'be deployed',
  },
  delete: {
    from: ['available', 'error'],
    through: 'deleting',
    to: null,
    onFailure: 'error',
    verb: 'be deleted',
  },
} as const satisfies Record<string, ImageTransition>
export type ImageAction = keyof typeof imageActions

export function canImage(action: ImageAction, status: ImageStatus): boolean {
  return whyNot(action, status) === null
}

/** Why the action is refused in this state, as a sentence for the user; `null` when it is not. */
export function whyNot(action: ImageAction, status: ImageStatus): string | null {
  const { from, verb }: ImageTransition = imageActions[action]
  return from.includes(status) ? null : refusal('Image', from, verb, status)
}
