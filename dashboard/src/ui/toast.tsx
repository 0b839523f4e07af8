import { X } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { wordsOf } from '../api/errors.ts'
import { cx } from './cx.ts'

type Toast = { id: number; words: string; problem: boolean }

const shownMs = 5_000
let toasts: readonly Toast[] = []
let last = 0
const watchers = new Set<() => void>()

function show(next: readonly Toast[]) {
  toasts = next.slice(-4)
  for (const hear of watchers) hear()
}
const putAway = (id: number) => show(toasts.filter((toast) => toast.id !== id))

/** Something went as wished, and nothing on the page shows it. */
export function tell(words: string) {
  last += 1
  const id = last
  show([...toasts, { id, words, problem: false }])
  setTimeout(() => putAway(id), shownMs)
}

/** Something failed that has no dialog to say so. It stays until it is put away. */
export function tellProblem(error: unknown) {
  last += 1
  show([...toasts, { id: last, words: wordsOf(error), problem: true }])
}

/** Where they appear; read aloud as they come. */
export function Toasts() {
  const shown = useSyncExternalStore(
    (hear) => {
      watchers.add(hear)
      return () => watchers.delete(hear)
    },
    () => toasts,
  )
  return (
    <div
      aria-live="polite"
      className="fixed inset-x-4 bottom-20 z-50 flex flex-col gap-2 sm:bottom-6 sm:left-auto sm:right-6 sm:w-88"
    >
      {shown.map(({ id, words, problem }) => (
        <div
          key={id}
          role={problem ? 'alert' : undefined}
          className="appear flex items-start gap-2 rounded-md border border-hairline bg-raised px-3.5 py-2.5 shadow-float"
        >
          <p className={cx('grow', problem ? 'text-problem' : 'text-ink-2')}>{words}</p>
          <button
            type="button"
            aria-label="Put away"
            onClick={() => putAway(id)}
            className="rounded-sm p-1 text-ink-3 hover:bg-hover"
          >
            <X aria-hidden className="size-4" />
          </button>
        </div>
      ))}
    </div>
  )
}
