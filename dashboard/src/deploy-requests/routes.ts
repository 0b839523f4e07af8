import { createRoute } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export type DeployRequestsSearch = { page?: number | undefined; state?: string | undefined }

export const deployRequestRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/deploy-requests',
    staticData: { words: 'Waiting for room', under: { to: '/instances', words: 'Instances' } },
    validateSearch: (search): DeployRequestsSearch => ({
      page: pageOf(search.page),
      state: textOf(search.state),
    }),
    component: lazyPage(() => import('./deploy-requests-page.tsx'), 'DeployRequestsPage'),
  }),
  createRoute({
    getParentRoute: () => shell,
    path: '/deploy-requests/$id',
    staticData: {
      words: 'Waiting for room',
      under: { to: '/deploy-requests', words: 'Waiting for room' },
    },
    component: lazyPage(() => import('./deploy-request-page.tsx'), 'DeployRequestPage'),
  }),
] as const
