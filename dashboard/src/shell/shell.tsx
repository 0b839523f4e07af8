import { useQuery } from '@tanstack/react-query'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useState } from 'react'
import { listen } from '../api/live.ts'
import { useSessionEnded } from '../api/session-end.ts'
import { fetched } from '../ui/lazy.ts'
import { Toasts } from '../ui/toast.tsx'
import { Banners } from './banners.tsx'
import { useTurningFavicon } from './favicon.ts'
import { Palette } from './palette.tsx'
import { kindsQuery } from './session.ts'
import { Sidebar } from './sidebar.tsx'
import { TopBar } from './topbar.tsx'

const SessionEnded = lazy(async () => ({
  default: (await fetched(() => import('../sign-in/session-ended.tsx'))).SessionEnded,
}))

/** Around every page of somebody who is signed in. */
export function Shell() {
  const [palette, setPalette] = useState(false)
  const { data } = useQuery(kindsQuery)
  const ended = useSessionEnded()
  useEffect(
    () =>
      data && !ended
        ? listen(
            data.kinds.map(({ kind }) => kind),
            data.newest,
          )
        : undefined,
    [data, ended],
  )
  useTurningFavicon()
  return (
    <>
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-raised px-3 py-2 focus:not-sr-only focus:fixed focus:left-4 focus:top-3"
      >
        Skip to the page
      </a>
      <div className="flex min-h-dvh">
        <Sidebar />
        <div className="flex min-w-0 grow flex-col pb-16 md:pb-0">
          <TopBar onPalette={() => setPalette(true)} />
          <Progress />
          <Banners />
          <main id="main" tabIndex={-1} className="grow outline-none">
            <Outlet />
          </main>
        </div>
      </div>
      <Palette open={palette} onOpen={setPalette} />
      <Toasts />
      {ended && (
        <Suspense>
          <SessionEnded />
        </Suspense>
      )}
    </>
  )
}

/** A page that takes its time to come says so. */
function Progress() {
  const busy = useRouterState({ select: (state) => state.status === 'pending' })
  return busy ? (
    <div role="status" className="after-a-moment fixed inset-x-0 top-0 z-30 h-0.5 bg-accent">
      <span className="sr-only">Loading the page</span>
    </div>
  ) : null
}
