import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'
import { Mark } from '../ui/status.tsx'
import { Time } from '../ui/time.tsx'
import { ForgetDialog } from './forget-dialog.tsx'
import type { Talk } from './talks.ts'

const shownOnPhone = 3

/** The conversations of this browser, the youngest first. On a phone the last few. */
export function TalkList({
  talks,
  current,
  answering,
}: {
  talks: readonly Talk[]
  current: string | undefined
  answering: string | null
}) {
  const [leaving, setLeaving] = useState(false)
  return (
    <nav aria-label="Conversations" className="flex flex-col gap-2">
      {talks.length === 0 ? (
        <p className="hidden text-sm text-ink-3 lg:block">No conversation yet.</p>
      ) : (
        <ul className="flex flex-col">
          {talks.map((talk, index) => (
            <li key={talk.id} className={cx(index >= shownOnPhone && 'hidden lg:block')}>
              <Link
                to="/assistant"
                search={{ talk: talk.id }}
                aria-current={talk.id === current ? 'page' : undefined}
                className={cx(
                  'flex min-h-(--control) flex-col justify-center rounded-md px-2.5 py-1',
                  talk.id === current ? 'bg-accent-soft text-accent' : 'text-ink-2 hover:bg-hover',
                )}
              >
                <span className="line-clamp-2">{talk.title}</span>
                <span className="flex items-center gap-1.5 text-xs text-ink-3">
                  {talk.id === answering && <Mark look="changing" />}
                  {talk.id === answering ? 'being answered' : <Time at={talk.at} />}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
      {talks.length > 1 && (
        <Button look="quiet" className="self-start" onClick={() => setLeaving(true)}>
          Delete all
        </Button>
      )}
      {leaving && <ForgetDialog talks={talks} onClose={() => setLeaving(false)} />}
    </nav>
  )
}
