/** A state, by shape and colour and word: never by colour alone. */
import { cx } from './cx.ts'

export type Look = 'running' | 'changing' | 'stopped' | 'hibernated' | 'problem' | 'warning'

const looks: Readonly<Record<string, Look>> = {
  ACTIVE: 'running',
  SUCCESS: 'running',
  available: 'running',
  'in-use': 'running',
  SHUTOFF: 'stopped',
  DELETED: 'stopped',
  HIBERNATED: 'hibernated',
  ERROR: 'problem',
  error: 'problem',
  failed: 'problem',
  cancelled: 'stopped',
  undone: 'stopped',
  done: 'running',
  completed: 'running',
  hibernated: 'hibernated',
  active: 'running',
  pending: 'changing',
  expired: 'warning',
  disabled: 'stopped',
}

/** Anything that is not known to be at rest is on its way. */
export const lookOf = (status: string): Look => looks[status] ?? 'changing'
export const isChanging = (status: string) => lookOf(status) === 'changing'

const colours: Record<Look, string> = {
  running: 'text-running',
  changing: 'text-changing',
  stopped: 'text-stopped',
  hibernated: 'text-hibernated',
  problem: 'text-problem',
  warning: 'text-warning',
}

/** ● ◐ ○ ☾ ▲ ◆, drawn so that all weigh the same. */
export function Mark({ look, className }: { look: Look; className?: string }) {
  return (
    <svg
      aria-hidden
      viewBox="0 0 12 12"
      className={cx(
        'size-3 shrink-0',
        colours[look],
        look === 'changing' && 'turning [animation-duration:3s]',
        className,
      )}
      fill="currentColor"
    >
      {look === 'running' && <circle cx="6" cy="6" r="5" />}
      {look === 'changing' && (
        <>
          <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
          <path d="M6 1a5 5 0 0 1 0 10z" />
        </>
      )}
      {look === 'stopped' && (
        <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
      )}
      {look === 'hibernated' && <path d="M10.9 7.7A5.2 5.2 0 1 1 4.6 1a4.3 4.3 0 0 0 6.3 6.7z" />}
      {look === 'problem' && <path d="M6 .8 11.7 11H.3z" />}
      {look === 'warning' && <path d="M6 .3 11.7 6 6 11.7.3 6z" />}
    </svg>
  )
}

const words: Readonly<Record<string, string>> = {
  SUCCESS: 'Ready',
  SHUTOFF: 'Stopped',
  BUILD: 'Building',
  available: 'Available',
  'in-use': 'Attached',
}

/** `ACTIVE` as people write it. The API's own word is in the title. */
export const statusWord = (status: string) =>
  words[status] ?? status.charAt(0).toUpperCase() + status.slice(1).toLowerCase()

export function Status({
  status,
  word,
  why,
  look = lookOf(status),
}: {
  status: string
  word?: string | undefined
  /** Where the same word means something else than elsewhere. */
  look?: Look
  /** Why it is in trouble. */
  why?: string | null
}) {
  return (
    <span className="inline-flex max-w-full items-center gap-1.5" title={why ?? status}>
      <Mark look={look} />
      <span className={cx('truncate', look === 'problem' ? 'text-problem' : 'text-ink-2')}>
        {word ?? statusWord(status)}
      </span>
    </span>
  )
}
