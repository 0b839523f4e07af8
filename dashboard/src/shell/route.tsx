/** The two frames that pages stand in: the one for everybody, and the one behind the sign-in. */
import { createRootRoute, createRoute, Outlet, redirect } from '@tanstack/react-router'
import { isSignedOut } from '../api/errors.ts'
import { queryClient } from '../api/queries.ts'
import { Broken, Missing } from './failures.tsx'
import { meQuery } from './session.ts'
import { Shell } from './shell.tsx'

declare module '@tanstack/react-router' {
  interface StaticDataRouteOption {
    /** What the breadcrumb calls it. */
    words?: string
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

export const shell = createRoute({
  getParentRoute: () => root,
  id: 'shell',
  component: Shell,
  notFoundComponent: Missing,
  beforeLoad: requireSignedIn,
})
