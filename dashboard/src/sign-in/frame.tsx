import { type ReactNode, useEffect } from 'react'
import { Logo } from '../shell/sidebar.tsx'

/** Around the pages of those who are not signed in: one thing to do, nothing beside it. */
export function Frame({
  title,
  lead,
  foot,
  children,
}: {
  title: string
  lead?: ReactNode
  /** Other ways on. */
  foot?: ReactNode
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · Garrison`
  }, [title])
  return (
    <div className="flex min-h-dvh flex-col">
      <main className="mx-auto flex w-full max-w-md grow flex-col justify-center gap-6 px-5 py-10 sm:pb-[18dvh]">
        <div className="flex flex-col gap-3">
          <span className="-ml-1">
            <Logo />
          </span>
          <h1 className="text-2xl">{title}</h1>
          {lead && <div className="text-ink-2">{lead}</div>}
        </div>
        {children}
        {foot && (
          <div className="flex flex-col gap-2 border-t border-hairline pt-4 text-ink-3">{foot}</div>
        )}
      </main>
      <footer className="flex justify-center gap-6 px-5 py-4 text-sm text-ink-3">
        <a href="/help/authentication" className="py-1 hover:text-ink">
          Help
        </a>
        <a href="/docs" className="py-1 hover:text-ink">
          API
        </a>
      </footer>
    </div>
  )
}

/** Between two ways of doing the same. */
export const Or = () => (
  <div className="flex items-center gap-3 text-sm text-ink-3">
    <span className="h-px grow bg-hairline" />
    or
    <span className="h-px grow bg-hairline" />
  </div>
)

/** For a link in a sentence; alone in a row it is as high as a finger wants it. */
export const linkLook = 'text-accent underline decoration-transparent hover:decoration-current'

/** Looks like a link, does something here. */
export const LinkButton = ({ onClick, children }: { onClick: () => void; children: ReactNode }) => (
  <button type="button" onClick={onClick} className={linkLook}>
    {children}
  </button>
)
