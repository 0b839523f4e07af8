import { createRoute, redirect } from '@tanstack/react-router'
import { queryClient } from '../api/queries.ts'
import { textOf } from '../api/search.ts'
import { requireSignedIn, root } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'
import { sessionQuery } from './auth.ts'
import { type Onwards, onwardsOf } from './places.ts'

/** Whoever is signed in already has nothing to do there. A server that does not answer is told of by the form. */
async function unlessSignedIn({ search }: { search: Onwards }) {
  const session = await queryClient.fetchQuery(sessionQuery).catch(() => null)
  if (session !== null) throw redirect({ href: search.to ?? '/', replace: true })
}

export const signInRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/sign-in',
    /** `error`: why a link or a provider has sent somebody back. */
    validateSearch: (search): Onwards & { error?: string | undefined } => ({
      ...onwardsOf(search),
      error: textOf(search.error),
    }),
    beforeLoad: unlessSignedIn,
    component: lazyPage(() => import('./sign-in-page.tsx'), 'SignInPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/sign-up',
    validateSearch: onwardsOf,
    beforeLoad: unlessSignedIn,
    component: lazyPage(() => import('./sign-up-page.tsx'), 'SignUpPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/reset-password',
    validateSearch: (search): { token?: string | undefined } => ({ token: textOf(search.token) }),
    component: lazyPage(() => import('./reset-password-page.tsx'), 'ResetPasswordPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/accept',
    validateSearch: (search): { token?: string | undefined } => ({ token: textOf(search.token) }),
    component: lazyPage(() => import('./accept-page.tsx'), 'AcceptPage'),
  }),
  createRoute({
    getParentRoute: () => root,
    path: '/setup',
    beforeLoad: requireSignedIn,
    component: lazyPage(() => import('./setup-page.tsx'), 'SetupPage'),
  }),
] as const
