import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { pageOf } from '../api/search.ts'
import { instance } from '../instances/routes.ts'

/** Tabs of an instance that look into the machine. Each brings a large library, loaded when it is opened. */
export const consoleRoutes = [
  createRoute({
    getParentRoute: () => instance,
    path: '/console',
    component: lazyRouteComponent(() => import('./console-tab.tsx'), 'ConsoleTab'),
  }),
  createRoute({
    getParentRoute: () => instance,
    path: '/display',
    component: lazyRouteComponent(() => import('./display-tab.tsx'), 'DisplayTab'),
  }),
  createRoute({
    getParentRoute: () => instance,
    path: '/startup',
    component: lazyRouteComponent(() => import('./startup-tab.tsx'), 'StartupTab'),
  }),
  createRoute({
    getParentRoute: () => instance,
    path: '/metrics',
    validateSearch: (search): { hours?: number | undefined } => ({ hours: pageOf(search.hours) }),
    component: lazyRouteComponent(() => import('../metrics/metrics-tab.tsx'), 'MetricsTab'),
  }),
] as const
