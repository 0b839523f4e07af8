import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
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
    component: lazyRouteComponent(() => import('../metrics/metrics-tab.tsx'), 'MetricsTab'),
  }),
] as const
