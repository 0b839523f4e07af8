import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shell } from '../shell/route.tsx'

export const profileRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/profile',
    staticData: { words: 'Profile' },
    component: lazyRouteComponent(() => import('./profile-page.tsx'), 'ProfilePage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/profile/sign-in',
    staticData: { words: 'Signing in' },
    component: lazyRouteComponent(() => import('./signing-in-page.tsx'), 'SigningInPage'),
  }),
] as const
