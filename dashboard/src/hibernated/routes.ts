import { createRoute } from '@tanstack/react-router'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export const hibernatedRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/hibernated',
    staticData: { words: 'Hibernated' },
    component: lazyPage(() => import('./hibernated-page.tsx'), 'HibernatedPage'),
  }),
] as const
