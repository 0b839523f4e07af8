import { createRoute } from '@tanstack/react-router'
import { pageOf } from '../api/search.ts'
import { instance } from '../instances/routes.ts'
import { lazyPage } from '../ui/lazy.ts'

/** Tabs of an instance that look into the machine. Each brings a large library, loaded when it is opened. */
export const consoleRoutes = [
  createRoute({
    getParentRoute: () => instance,
    path: '/console',
    component: lazyPage(() => import('./console-tab.tsx'), 'ConsoleTab'),
  }),
  createRoute({
    getParentRoute: () => instance,
    path: '/display',
    component: lazyPage(() => import('./display-tab.tsx'), 'DisplayTab'),
  }),
  createRoute({
    getParentRoute: () => instance,
    path: '/startup',
    component: lazyPage(() => import('./startup-tab.tsx'), 'StartupTab'),
  }),
  createRoute({
    getParentRoute: () => instance,
    path: '/metrics',
    validateSearch: (search): { hours?: number | undefined } => ({ hours: pageOf(search.hours) }),
    component: lazyPage(() => import('../metrics/metrics-tab.tsx'), 'MetricsTab'),
  }),
] as const
