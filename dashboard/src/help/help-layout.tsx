import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { Logo } from '../shell/sidebar.tsx'
import { sessionQuery } from '../sign-in/auth.ts'
import { buttonClass } from '../ui/button.tsx'
import { cx } from '../ui/cx.ts'
import { SearchBox } from '../ui/filters.tsx'
import { guideGroups } from './guides.ts'

/** Around the guides: a book beside the console, open to everybody. */
export function HelpLayout() {
  const { guide } = useParams({ strict: false })
  const { q } = useSearch({ from: '/help' })
  // The first page is the contents.
  const beside = guide !== undefined || q !== undefined
  return (
    <>
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-raised px-3 py-2 focus:not-sr-only focus:fixed focus:left-4 focus:top-3"
      >
        Skip to the guide
      </a>
      <Top />
      <div className="mx-auto flex w-full max-w-336 grow">
        {beside && (
          <nav
            aria-label="Guides"
            className="sticky top-14 hidden h-[calc(100dvh-3.5rem)] w-64 shrink-0 overflow-y-auto border-r border-hairline px-3 py-5 lg:block"
          >
            <Contents />
          </nav>
        )}
        <div className="min-w-0 grow">
          <PhoneContents />
          <main
            id="main"
            tabIndex={-1}
            className={cx(
              'px-4 py-6 outline-none md:py-8',
              beside ? 'md:px-8 lg:px-12' : 'md:px-6',
            )}
          >
            <Outlet />
          </main>
        </div>
      </div>
    </>
  )
}

function Top() {
  const { q = '' } = useSearch({ from: '/help' })
  const navigate = useNavigate()
  const { data: session } = useQuery(sessionQuery)
  return (
    <header
      data-shell
      className="sticky top-0 z-10 border-b border-hairline bg-paper/95 backdrop-blur-sm"
    >
      <div className="mx-auto flex min-h-14 max-w-336 flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2 md:px-6">
        <Link to="/help" search={{}} className="flex grow items-center gap-2.5">
          <Logo />
          <span className="text-lg font-semibold tracking-tight">Garrison</span>
          <span className="text-lg text-ink-3">Help</span>
        </Link>
        <div className="order-last w-full sm:order-none sm:w-auto">
          <SearchBox
            label="Search the guides"
            value={q}
            onValue={(asked) =>
              void navigate({ to: '/help', search: asked ? { q: asked } : {}, replace: q !== '' })
            }
          />
        </div>
        <Link to={session ? '/' : '/sign-in'} className={buttonClass('plain')}>
          {session ? 'Open the console' : 'Sign in'}
        </Link>
      </div>
    </header>
  )
}

/** On a narrow page the contents are folded away, and fold again once a guide is chosen. */
function PhoneContents() {
  const { guide } = useParams({ strict: false })
  const details = useRef<HTMLDetailsElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another guide is what closes it
  useEffect(() => {
    if (details.current) details.current.open = false
  }, [guide])
  if (guide === undefined) return null
  return (
    <details ref={details} className="border-b border-hairline lg:hidden">
      <summary className="cursor-pointer px-4 py-3 text-ink-2 md:px-8">All guides</summary>
      <nav aria-label="All guides" className="px-2 pb-4 md:px-6">
        <Contents />
      </nav>
    </details>
  )
}

const Contents = () =>
  guideGroups.map(({ words, guides }) => (
    <div key={words} className="mb-4">
      <p className="px-2.5 pb-1 text-xs text-ink-3">{words}</p>
      <ul>
        {guides.map(({ name, title }) => (
          <li key={name}>
            <Link
              to="/help/$guide"
              params={{ guide: name }}
              className="flex min-h-7.5 items-center rounded-md px-2.5 py-1 text-ink-2 hover:bg-hover hover:text-ink pointer-coarse:min-h-11"
              activeProps={{ className: 'bg-accent-soft font-medium text-accent!' }}
            >
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  ))
