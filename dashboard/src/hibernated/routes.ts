import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shell } from '../shell/route.tsx'

export const hibernatedRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/hibernated',
    staticData: { words: 'Hibernated' },
    component: lazyRouteComponent(() => import('./hibernated-page.tsx'), 'HibernatedPage'),
  }),
] as const
