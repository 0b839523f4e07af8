import { createRoute } from '@tanstack/react-router'
import { pageOf, textOf } from '../api/search.ts'
import { shell } from '../shell/route.tsx'
import { lazyPage } from '../ui/lazy.ts'

export const operationRoutes = [
  createRoute({
    getParentRoute: () => shell,
    path: '/operations',
    staticData: { words: 'Activity' },
    validateSearch: (search): { page?: number | undefined; state?: string | undefined } => ({
      page: pageOf(search.page),
      state: textOf(search.state),
    }),
    component: lazyPage(() => import('./operations-page.tsx'), 'OperationsPage'),
  }),
] as const
