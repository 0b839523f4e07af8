/** The two frames that pages stand in: the one for everybody, and the one behind the sign-in. */
import { createRootRoute, createRoute, Outlet, redirect } from '@tanstack/react-router'
import { isSignedOut } from '../api/errors.ts'
import { queryClient } from '../api/queries.ts'
import { textOf } from '../api/search.ts'
import { Broken, Missing } from './failures.tsx'
import { kindsQuery, meQuery } from './session.ts'
import { Shell } from './shell.tsx'

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** What the breadcrumb calls it. */
    words?: string
    /** The page above it; with one, the breadcrumb calls it by its own title. */
    under?: { readonly to: string; readonly words: string }
  }
}

export const root = createRootRoute({
  component: Outlet,
  notFoundComponent: Missing,
  errorComponent: Broken,
})

/** Whoever is not signed in does that first, and then goes on to where they wanted. */
export async function requireSignedIn({ location }: { location: { href: string } }) {
  try {
    await queryClient.ensureQueryData(meQuery)
  } catch (error) {
    if (!isSignedOut(error)) throw error
    throw redirect({ to: '/sign-in', search: { to: location.href } })
  }
}

type ShellSearch = {
  /** Lists are narrowed to it; see region.ts. */
  region?: string | undefined
}

export const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  notFoundComponent: Missing,
  // A link that does not name it leaves it as it is, so the key is answered only where it is there.
  validateSearch: (search): ShellSearch =>
    'region' in search ? { region: textOf(search.region) } : {},
  // Links and pages need not know of it; only who names it changes it.
  search: {
    middlewares: [({ search: { region }, next, search }) => ({ region, ...next(search) })],
  },
  beforeLoad: async (where) => {
    await Promise.all([requireSignedIn(where), queryClient.prefetchQuery(kindsQuery)])
  },
})

/** Whoever is signed in keeps their way about. */
export const missing = createRoute({
  getParentRoute: () => shell,
  path: '$',
  component: Missing,
})
