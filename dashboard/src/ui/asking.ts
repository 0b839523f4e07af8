import { useNavigate } from '@tanstack/react-router'
import type { InstanceAsked } from '../instances/routes.ts'
import type { VmAsked } from '../microvms/routes.ts'

/** Which question is asked in a dialog now, and what asks another one; null: none. */
export type Asking<Question extends string> = readonly [
  asked: Question | null,
  ask: (question: Question | null) => void,
]

/** Kept as `ask` in the address of the page, so that a link or the palette can ask it. */
export function useAskedInAddress<Question extends InstanceAsked | VmAsked>(
  asked: Question | undefined,
): Asking<Question> {
  const navigate = useNavigate()
  const ask = (question: Question | null) =>
    void navigate({
      to: '.',
      search: (before) => ({ ...before, ask: question ?? undefined }),
      replace: true,
    })
  return [asked ?? null, ask]
}
