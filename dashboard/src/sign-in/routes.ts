import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { textOf } from '../api/search.ts'
import { root } from '../shell/route.tsx'

export const signInRoutes = [
  createRoute({
    getParentRoute: () => root,
    path: '/sign-in',
    /** Where to go afterwards: a path of ours. */
    validateSearch: (search): { to?: string | undefined } => {
      const to = textOf(search.to)
      return to?.startsWith('/') && !to.startsWith('//') ? { to } : {}
    },
    component: lazyRouteComponent(() => import('./sign-in-page.tsx'), 'SignInPage'),
  }),
] as const
