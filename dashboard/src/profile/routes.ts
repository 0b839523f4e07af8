import { createRoute } from '@tanstack/react-router'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export const profileRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/profile',
    staticData: { words: 'Profile' },
    component: lazyPage(() => import('./profile-page.tsx'), 'ProfilePage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/profile/sign-in',
    staticData: { words: 'Signing in' },
    component: lazyPage(() => import('./signing-in-page.tsx'), 'SigningInPage'),
  }),
] as const
