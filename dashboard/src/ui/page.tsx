import { Link } from '@tanstack/react-router'
import { BookOpen, Code2, RefreshCw } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import type { GuideName } from '../help/guides.ts'
import { setTitle } from '../shell/title.ts'
import { type CallFor, Calls } from './api-call.tsx'
import { IconButton, iconButtonClass } from './button.tsx'
import { cx } from './cx.ts'
import { Dialog, DialogBody } from './dialog.tsx'
import { Panel } from './panel.tsx'
import { Tooltip } from './tooltip.tsx'

/**
 * The frame of every page: one heading, one primary action at the right of it; the same thing as an API call
 * beside. `title` goes to the browser's tab as well.
 */
export function Page({
  title,
  tab = title,
  guide,
  lead,
  action,
  calls,
  refresh,
  children,
}: {
  title: string
  /** In the browser's tab, where it says more, such as "● web-1". */
  tab?: string
  /** How it is done, at /help/. Null: what is no page at all. */
  guide: GuideName | null
  lead?: ReactNode
  action?: ReactNode
  calls?: readonly CallFor[]
  refresh?: { onRefresh: () => void; busy: boolean }
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${tab} · Garrison`
    setTitle(title)
  }, [tab, title])
  const [showing, setShowing] = useState(false)
  return (
    <div className="mx-auto flex w-full max-w-336 flex-col gap-6 px-4 py-5 md:px-6 md:py-6">
      <div className="grid grid-cols-[minmax(0,1fr)_auto] gap-x-2 md:grid-cols-[minmax(0,1fr)_auto_auto]">
        <h1 className="self-center text-xl md:text-2xl">{title}</h1>
        {lead && (
          <div className="col-span-full row-start-2 mt-1 text-ink-3 md:col-span-1">{lead}</div>
        )}
        <div
          className="col-start-2 row-start-1 -mr-3 flex gap-1 self-start md:row-span-2 md:mr-0 md:self-center"
          data-print="no"
        >
          {guide && <GuideButton guide={guide} />}
          {calls && (
            <IconButton
              name="Show as API call"
              icon={<Code2 aria-hidden className="size-4" />}
              onClick={() => setShowing(true)}
            />
          )}
          {refresh && (
            <IconButton
              name={refresh.busy ? 'Refreshing' : 'Refresh'}
              icon={
                <RefreshCw
                  aria-hidden
                  className={cx('size-4', refresh.busy && 'turning [animation-duration:0.9s]')}
                />
              }
              onClick={refresh.onRefresh}
            />
          )}
        </div>
        {action && (
          <div
            className="col-span-full row-start-3 mt-4 flex flex-wrap gap-2 *:grow *:[&[aria-haspopup]]:grow-0 md:col-span-1 md:col-start-3 md:row-span-2 md:row-start-1 md:mt-0 md:self-center md:*:grow-0"
            data-print="no"
          >
            {action}
          </div>
        )}
      </div>
      <Panel name={title}>{children}</Panel>
      {calls && <ApiCalls calls={calls} open={showing} onClose={() => setShowing(false)} />}
    </div>
  )
}

/** In a tab of its own, so that what is half filled in stays. */
const GuideButton = ({ guide }: { guide: GuideName }) => (
  <Tooltip words="How this is done">
    <Link
      to="/help/$guide"
      params={{ guide }}
      target="_blank"
      preload={false}
      aria-label="Guide, in a new tab"
      className={iconButtonClass}
    >
      <BookOpen aria-hidden className="size-4" />
    </Link>
  </Tooltip>
)

function ApiCalls({
  calls,
  open,
  onClose,
}: {
  calls: readonly CallFor[]
  open: boolean
  onClose: () => void
}) {
  return (
    <Dialog title="The same as an API call" open={open} onClose={onClose} wide>
      <DialogBody>
        <p className="text-ink-2">
          Make a key under{' '}
          <Link to="/api-keys" className="text-accent underline">
            API keys
          </Link>{' '}
          and put it into <code>GARRISON_API_KEY</code>. Everything is described at{' '}
          <a href="/docs" className="text-accent underline">
            /docs
          </a>
          .
        </p>
        <Calls calls={calls} />
      </DialogBody>
    </Dialog>
  )
}
